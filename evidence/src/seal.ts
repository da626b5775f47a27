import { Hash } from '@farwatch/model'
import { z } from 'zod'
import { type ChainEnd, type Entry, linkShape, openEntry, signEntry } from './chain.ts'
import type { SigningKey } from './keys.ts'
import { rootOfHashes } from './merkle.ts'

const Position = z.number().int().positive()

/** At most so many records in one seal. */
export const maxSealed = 1_000

/**
 * What the centre signs over records that came without a gateway's signature. It proves what the centre had received when
 * it was made, and nothing of how it came to be: `origin` says so.
 */
export const Seal = z.strictObject({
  ...linkShape,
  kind: z.literal('seal'),
  origin: z.literal('centre'),
  /** Positions in the centre's journal of the first and last record under this seal; others lie between. */
  from: Position,
  to: Position,
  count: z.number().int().positive().max(maxSealed),
  /** Merkle tree hash (RFC 9162, 2.1.1) over the journal's records of these kinds, in order of position. */
  root: Hash,
})
export type Seal = z.infer<typeof Seal>

/** Seals records by the `leafHash` of each, in order of position. */
export function sealRecords(
  records: readonly { readonly position: number; readonly leaf: Uint8Array }[],
  place: { end: ChainEnd; madeMs: number; key: SigningKey },
): { readonly bytes: Uint8Array; readonly end: ChainEnd } {
  const root = rootOfHashes(records.map(({ leaf }) => leaf))
  const range = { from: records[0]!.position, to: records.at(-1)!.position, count: records.length }
  return signEntry({ kind: 'seal', origin: 'centre', ...range, root }, place)
}

/** @throws FarwatchError `bad-signature-format`, `bad-entry`. */
export function openSeal(bytes: Uint8Array): Entry<Seal> {
  return openEntry(bytes, Seal)
}
