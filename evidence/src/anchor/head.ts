import { FarwatchError, Hash, Name } from '@farwatch/model'
import { decode, encode } from 'cborg'
import { z } from 'zod'

/** Whose chain it is: batches of a gateway, the log of keys, the centre's own seals, the log of acts. */
export const chainKinds = ['batches', 'keys', 'seals', 'acts'] as const

/**
 * How far a chain had come: its last entry. `from` is where the stretch without a hole begins that ends there, so
 * `from` to `seq` was whole at that moment.
 */
export const ChainHead = z
  .strictObject({
    kind: z.enum(chainKinds),
    /** The gateway, or the centre's own name. */
    owner: Name,
    chain: z.string().max(64),
    from: z.number().int().positive(),
    seq: z.number().int().positive(),
    /** Hash of entry `seq`; of a batch, SHA-256 over its COSE_Sign1. */
    hash: Hash,
  })
  .refine(({ from, seq }) => from <= seq, 'from is after seq')
export type ChainHead = z.infer<typeof ChainHead>

/** One leaf of an anchor's Merkle tree: canonical CBOR `[kind, owner, chain, from, seq, hash]`. */
export function encodeHead({ kind, owner, chain, from, seq, hash }: ChainHead): Uint8Array {
  return encode([kind, owner, chain, from, seq, hash])
}

/** @throws FarwatchError `bad-anchor` when it is not exactly what `encodeHead` writes. */
export function decodeHead(leaf: Uint8Array): ChainHead {
  const fail = (problem: string, cause?: unknown): never => {
    throw new FarwatchError('bad-anchor', `a head of an anchor: ${problem}`, { cause })
  }
  let value: unknown
  try {
    value = decode(leaf, { strict: true })
  } catch (cause) {
    return fail('not strict CBOR', cause)
  }
  if (!Array.isArray(value) || value.length !== 6) return fail('not a list of six')
  const [kind, owner, chain, from, seq, hash] = value as unknown[]
  const parsed = ChainHead.safeParse({ kind, owner, chain, from, seq, hash })
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    return fail(`${issue?.path.join('.')}: ${issue?.message}`)
  }
  return parsed.data
}

const Leaves = z.array(z.custom<Uint8Array>((value) => value instanceof Uint8Array))

/** All leaves of an anchor in a file: a canonical CBOR list of byte strings. */
export function encodeLeaves(leaves: readonly Uint8Array[]): Uint8Array {
  return encode(leaves)
}

/** @throws FarwatchError `bad-anchor`. */
export function decodeLeaves(bytes: Uint8Array): Uint8Array[] {
  try {
    return Leaves.parse(decode(bytes, { strict: true }))
  } catch (cause) {
    throw new FarwatchError('bad-anchor', 'not the heads of an anchor', { cause })
  }
}

/** By kind, owner and chain; an anchor has its heads in this order, each chain once. */
export function compareHeads(a: ChainHead, b: ChainHead): number {
  return compare(a.kind, b.kind) || compare(a.owner, b.owner) || compare(a.chain, b.chain)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
