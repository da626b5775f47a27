import { hash } from 'node:crypto'
import {
  type BatchHeader,
  type BatchMessage,
  decodeHeader,
  encodeHeader,
  encodeSeries,
  FarwatchError,
  type Readings,
  readBatch,
  type Series,
} from '@farwatch/model'
import { openSign1, type Sign1, sign1, verifySign1 } from './cose.ts'
import type { SigningKey, VerifyingKey } from './keys.ts'
import { merkleRoot, merkleRootWithin } from './merkle.ts'

/** `prev` of a chain's first batch. */
export const noHash: Uint8Array = new Uint8Array(32)

/** What the next batch's `prev` must be: SHA-256 over the signed header. */
export function batchHash(batch: BatchMessage): Uint8Array {
  return hashOf(batch.sign1)
}

function hashOf(sign1: Uint8Array): Uint8Array {
  return Buffer.from(hash('sha256', sign1, 'binary'), 'binary')
}

export type BatchPlace = Pick<
  BatchHeader,
  'gateway' | 'chain' | 'boot' | 'seq' | 'prev' | 'madeMs' | 'monotonicMs'
>

/** Signs series into a batch at its place in the chain. Series stand in order of their point, one each. */
export function sealBatch(series: readonly Series[], place: BatchPlace, key: SigningKey): BatchMessage {
  const leaves = series.toSorted((a, b) => (a.point < b.point ? -1 : 1)).map(encodeSeries)
  const header: BatchHeader = {
    v: 1,
    ...place,
    root: merkleRoot(leaves),
    series: leaves.length,
    readings: series.reduce((sum, { timesMs }) => sum + timesMs.length, 0),
  }
  return { sign1: sign1(encodeHeader(header), key), series: leaves }
}

export interface OpenBatch {
  readonly header: BatchHeader
  readonly readings: Readings
  readonly hash: Uint8Array
  readonly signed: Sign1
  /** COSE_Sign1 as received. */
  readonly sign1: Uint8Array
}

/**
 * Takes an encoded batch apart and checks everything that can be checked without knowing its chain: format, counts, one
 * series a point in order, and that the Merkle root covers exactly these series. The signature is checked by `isSignedBy`.
 * @throws FarwatchError `bad-batch`, `bad-header`, `bad-series`, `bad-signature-format`.
 */
export function openBatch(bytes: Uint8Array): OpenBatch {
  const { sign1, bounds, readings } = readBatch(bytes)
  const signed = openSign1(sign1)
  const header = decodeHeader(signed.payload)
  const { points, timesMs } = readings
  const fail = (problem: string): never => {
    throw new FarwatchError('bad-batch', problem)
  }
  if (points.length !== header.series) fail(`${points.length} series, the header says ${header.series}`)
  if (timesMs.length !== header.readings)
    fail(`${timesMs.length} readings, the header says ${header.readings}`)
  for (let i = 1; i < points.length; i++) {
    if (!(points[i - 1]! < points[i]!)) fail(`series out of order at ${points[i]!}`)
  }
  if (Buffer.compare(merkleRootWithin(bytes, bounds), header.root) !== 0)
    fail('the readings are not those that were signed')
  return { header, readings, hash: hashOf(sign1), signed, sign1 }
}

export function isSignedBy(batch: OpenBatch, key: VerifyingKey): boolean {
  return verifySign1(batch.signed, key)
}
