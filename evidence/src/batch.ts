import { createHash } from 'node:crypto'
import {
  type BatchHeader,
  type BatchMessage,
  decodeHeader,
  decodeSeries,
  encodeHeader,
  encodeSeries,
  FarwatchError,
  type Series,
} from '@farwatch/model'
import { openSign1, type Sign1, sign1, verifySign1 } from './cose.ts'
import type { SigningKey, VerifyingKey } from './keys.ts'
import { merkleRoot } from './merkle.ts'

/** `prev` of a chain's first batch. */
export const noHash: Uint8Array = new Uint8Array(32)

/** What the next batch's `prev` must be: SHA-256 over the signed header. */
export function batchHash(batch: BatchMessage): Uint8Array {
  return createHash('sha256').update(batch.sign1).digest()
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
  readonly series: readonly Series[]
  readonly hash: Uint8Array
  readonly signed: Sign1
}

/**
 * Takes a batch apart and checks everything that can be checked without knowing its chain: format, counts, one series a
 * point in order, and that the Merkle root covers exactly these series. The signature is checked by `isSignedBy`.
 * @throws FarwatchError `bad-batch`, `bad-header`, `bad-series`, `bad-signature-format`.
 */
export function openBatch(message: BatchMessage): OpenBatch {
  const signed = openSign1(message.sign1)
  const header = decodeHeader(signed.payload)
  const series = message.series.map(decodeSeries)
  const fail = (problem: string): never => {
    throw new FarwatchError('bad-batch', problem)
  }
  if (series.length !== header.series) fail(`${series.length} series, the header says ${header.series}`)
  const readings = series.reduce((sum, { timesMs }) => sum + timesMs.length, 0)
  if (readings !== header.readings) fail(`${readings} readings, the header says ${header.readings}`)
  for (let i = 1; i < series.length; i++) {
    if (!(series[i - 1]!.point < series[i]!.point)) fail(`series out of order at ${series[i]!.point}`)
  }
  if (Buffer.compare(merkleRoot(message.series), header.root) !== 0)
    fail('the readings are not those that were signed')
  return { header, series, hash: batchHash(message), signed }
}

export function isSignedBy(batch: OpenBatch, key: VerifyingKey): boolean {
  return verifySign1(batch.signed, key)
}
