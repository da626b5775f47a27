import { FarwatchError, latestTimeMs } from '@farwatch/model'
import { decode, encode } from 'cborg'
import { z } from 'zod'

const Bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'bytes')
const Position = z.number().int().positive()
const Ms = z.number().int().nonnegative().max(latestTimeMs)
const Index = z.number().int().nonnegative()
const Proof = z.array(Bytes).max(64)

/** A batch as it was received: `[0, position, receivedMs, bytes]`. */
const Batch = z.tuple([z.literal(0), Position, Ms, Bytes])
/**
 * Some leaves of a batch, each with its index and inclusion proof (RFC 9162, 2.1.3): `[1, position, receivedMs, COSE_Sign1,
 * [[index, leaf, [hash …]] …]]`. Without leaves it is a link: it proves that the chain is whole.
 */
const Leaves = z.tuple([z.literal(1), Position, Ms, Bytes, z.array(z.tuple([Index, Bytes, Proof]))])
/** A seal with all its records and the `leafHash` of each, concatenated: `[2, position, COSE_Sign1, [record …], hashes]`. */
const Sealed = z.tuple([z.literal(2), Position, Bytes, z.array(Bytes), Bytes])
/** A seal with some of its records: `[3, position, COSE_Sign1, [[index, record, [hash …]] …]]`; without any, a link. */
const SomeSealed = z.tuple([z.literal(3), Position, Bytes, z.array(z.tuple([Index, Bytes, Proof]))])
/** A gateway's declaration of loss: `[4, position, receivedMs, COSE_Sign1]`. */
const Loss = z.tuple([z.literal(4), Position, Ms, Bytes])

const Item = z.union([Batch, Leaves, Sealed, SomeSealed, Loss])
/** What one frame of an export's `evidence/NNNN.fwe` holds, in canonical CBOR. `position`: in the centre's journal. */
export type Item = z.infer<typeof Item>

export function encodeItem(item: Item): Uint8Array {
  return encode(item)
}

/** @throws FarwatchError `bad-item`. */
export function decodeItem(bytes: Uint8Array): Item {
  try {
    return Item.parse(decode(bytes, { strict: true, rejectDuplicateMapKeys: true }))
  } catch (cause) {
    throw new FarwatchError('bad-item', 'not an item of an export', { cause })
  }
}
