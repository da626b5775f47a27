import { decode, encode } from 'cborg'
import { z } from 'zod'
import { CborReader } from './cbor-reader.ts'
import { FarwatchError, messageOf } from './errors.ts'
import { isName, Name } from './names.ts'

/** Bounds of one batch on the wire; the centre refuses more, the gateway never sends it. */
export const batchBounds = { bytes: 1_000_000, series: 10_000, readings: 50_000 } as const

const idPattern = /^[0-9a-f]{16}$/

/** SHA-256. */
export const Hash = z.custom<Uint8Array>(
  (value) => value instanceof Uint8Array && value.length === 32,
  '32 bytes',
)

/**
 * What a gateway signs: the payload of the batch's COSE_Sign1 (RFC 9052), canonical CBOR. Everything that the batch
 * claims hangs on it: the readings by the Merkle root, the batches before it by `prev`.
 */
export const BatchHeader = z.strictObject({
  /** Version of the format; the centre reads every version ever shipped. */
  v: z.literal(1),
  gateway: Name,
  /** Random id of the gateway's journal: a new disk starts a new chain at sequence 1. */
  chain: z.string().regex(idPattern),
  /** Random id of this life of the gateway's process. */
  boot: z.string().regex(idPattern),
  /** 1, 2, 3 … within the chain, without holes. */
  seq: z.number().int().positive(),
  /** SHA-256 of the previous batch's COSE_Sign1 bytes; 32 zero bytes for sequence 1. */
  prev: Hash,
  /** Merkle tree hash (RFC 9162, 2.1.1) over the encoded series, in order. */
  root: Hash,
  series: z.number().int().positive().max(batchBounds.series),
  readings: z.number().int().positive().max(batchBounds.readings),
  /** Gateway's wall clock (Unix ms) and monotonic clock (ms since boot) when the batch was closed. */
  madeMs: z.number().int().nonnegative(),
  monotonicMs: z.number().int().nonnegative(),
})
export type BatchHeader = z.infer<typeof BatchHeader>

/** A batch as it travels on `farwatch/v1/GATEWAY/batch`: `[1, COSE_Sign1 bytes, [series bytes …]]` in CBOR. */
export interface BatchMessage {
  readonly sign1: Uint8Array
  readonly series: readonly Uint8Array[]
}

export function encodeBatch(batch: BatchMessage): Uint8Array {
  return encode([1, batch.sign1, batch.series])
}

/** Splits a message; neither signature nor series are looked at yet. @throws FarwatchError `bad-batch`. */
export function decodeBatch(bytes: Uint8Array): BatchMessage {
  if (bytes.length > batchBounds.bytes) {
    throw new FarwatchError('bad-batch', `${bytes.length} bytes, at most ${batchBounds.bytes}`)
  }
  try {
    const reader = new CborReader(bytes)
    if (reader.array() !== 3 || reader.uint() !== 1) throw new FarwatchError('bad-cbor', 'another version')
    const sign1 = reader.bytes()
    const count = reader.array()
    if (count > batchBounds.series) throw new FarwatchError('bad-cbor', `${count} series`)
    const series: Uint8Array[] = []
    for (let i = 0; i < count; i++) series.push(reader.bytes())
    reader.end()
    return { sign1, series }
  } catch (cause) {
    const expected = `[1, signed header, [at most ${batchBounds.series} series]] in canonical CBOR`
    throw new FarwatchError('bad-batch', `expected ${expected}, found ${messageOf(cause)}`, { cause })
  }
}

export function encodeHeader(header: BatchHeader): Uint8Array {
  return encode(header)
}

/** @throws FarwatchError `bad-header` with the path of the first fault. */
export function decodeHeader(bytes: Uint8Array): BatchHeader {
  return readHeader(bytes) ?? checkHeader(bytes)
}

/** A header as `encodeHeader` writes it, read in one pass; undefined for anything else, which `checkHeader` judges. */
function readHeader(bytes: Uint8Array): BatchHeader | undefined {
  const reader = new CborReader(bytes)
  const after = (key: string): CborReader => {
    reader.literal(key)
    return reader
  }
  try {
    if (reader.map() !== 11 || after('v').uint() !== 1) return undefined
    const seq = after('seq').uint()
    const boot = after('boot').text()
    // Copies: a header outlives the message that it came in.
    const prev = after('prev').bytes().slice()
    const root = after('root').bytes().slice()
    const chain = after('chain').text()
    const madeMs = after('madeMs').uint()
    const series = after('series').uint()
    const gateway = after('gateway').text()
    const readings = after('readings').uint()
    const monotonicMs = after('monotonicMs').uint()
    reader.end()
    const isWhole =
      seq > 0 &&
      series > 0 &&
      series <= batchBounds.series &&
      readings > 0 &&
      readings <= batchBounds.readings
    if (!isWhole || prev.length !== 32 || root.length !== 32) return undefined
    if (!idPattern.test(chain) || !idPattern.test(boot) || !isName(gateway)) return undefined
    return { v: 1, gateway, chain, boot, seq, prev, root, series, readings, madeMs, monotonicMs }
  } catch {
    return undefined
  }
}

function checkHeader(bytes: Uint8Array): BatchHeader {
  let value: unknown
  try {
    value = decode(bytes, { strict: true, rejectDuplicateMapKeys: true })
  } catch (cause) {
    throw new FarwatchError('bad-header', 'not strict CBOR', { cause })
  }
  const parsed = BatchHeader.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  // Zod names every field that it does not know.
  const problem = `${issue?.path.join('.')}: ${issue?.message}`.slice(0, 300)
  throw new FarwatchError('bad-header', problem)
}
