import { FarwatchError, Hash, messageOf } from '@farwatch/model'
import { z } from 'zod'
import { breakOf, type ChainEnd, entryHash, linkShape, openEntry, signEntry } from '../chain.ts'
import { openSign1, verifySign1 } from '../cose.ts'
import type { SigningKey, VerifyingKey } from '../keys.ts'
import { merkleRoot } from '../merkle.ts'
import { type ChainHead, compareHeads, decodeHead, encodeHead } from './head.ts'

/** A city has a few hundred gateways; this is far above it. */
export const maxHeads = 100_000

/**
 * What the centre signs about all its chains at one moment, an entry of its own chained log. The root is a Merkle tree's
 * (RFC 9162, 2.1.1) over the heads, so that one head can be proven without telling the others. Its `entryHash` is what
 * a timestamp authority stamps.
 */
export const Anchor = z.strictObject({
  ...linkShape,
  kind: z.literal('anchor'),
  /** Local day (Asia/Shanghai) on which it was made. */
  day: z.iso.date(),
  root: Hash,
  heads: z.number().int().min(1).max(maxHeads),
})
export type Anchor = z.infer<typeof Anchor>

/** Signs where all chains stand. @throws FarwatchError `bad-anchor` for no heads, too many, or a chain that is there twice. */
export function sealAnchor(
  heads: readonly ChainHead[],
  { end, madeMs, day }: { end: ChainEnd; madeMs: number; day: string },
  key: SigningKey,
): { readonly statement: Uint8Array; readonly leaves: readonly Uint8Array[] } {
  const leaves = heads.toSorted(compareHeads).map(encodeHead)
  const problem = problemOfHeads(leaves.map(decodeHead))
  if (problem !== undefined) throw new FarwatchError('bad-anchor', problem)
  const body = { kind: 'anchor', day, root: merkleRoot(leaves), heads: leaves.length }
  return { statement: signEntry(body, { end, madeMs, key }).bytes, leaves }
}

/** Takes a statement apart without verifying it. @throws FarwatchError `bad-entry`, `bad-signature-format`. */
export function openAnchor(statement: Uint8Array): Anchor {
  return openEntry(statement, Anchor).body
}

/** Where the log of anchors stands after this one. @throws FarwatchError `bad-entry`, `bad-signature-format`. */
export function endAfter(statement: Uint8Array): ChainEnd {
  const { chain, seq } = openAnchor(statement)
  return { chain, seq, hash: entryHash(statement) }
}

/** Verified, or why not. */
export type Verified<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly problem: string }

/** Checks signature and form of a statement alone. `keys` are all that the centre ever had. */
export function verifyStatement(
  statement: Uint8Array,
  keys: readonly VerifyingKey[],
): Verified<{ anchor: Anchor }> {
  try {
    const anchor = openAnchor(statement)
    const signed = openSign1(statement)
    const key = keys.find(({ keyId }) => keyId === signed.keyId)
    if (key === undefined)
      return no(`signed with key ${signed.keyId}, which is not among those of the centre`)
    return verifySign1(signed, key) ? { ok: true, anchor } : no('the signature does not match')
  } catch (error) {
    return no(messageOf(error))
  }
}

/** Checks a statement together with all its leaves. */
export function verifyAnchor(
  statement: Uint8Array,
  leaves: readonly Uint8Array[],
  keys: readonly VerifyingKey[],
): Verified<{ anchor: Anchor; heads: readonly ChainHead[] }> {
  const verified = verifyStatement(statement, keys)
  if (!verified.ok) return verified
  const { anchor } = verified
  if (leaves.length !== anchor.heads) return no(`${leaves.length} heads, the anchor says ${anchor.heads}`)
  if (Buffer.compare(merkleRoot(leaves), anchor.root) !== 0)
    return no('the heads are not those that were signed')
  try {
    const heads = leaves.map(decodeHead)
    const problem = problemOfHeads(heads)
    return problem === undefined ? { ok: true, anchor, heads } : no(problem)
  } catch (error) {
    return no(messageOf(error))
  }
}

/** Checks that a statement follows another one directly. Signatures are `verifyStatement`'s. */
export function verifySuccession(before: Uint8Array, here: Uint8Array): Verified<object> {
  const problem = breakOf(openAnchor(here), endAfter(before))
  return problem === undefined ? { ok: true } : no(problem)
}

function problemOfHeads(heads: readonly ChainHead[]): string | undefined {
  if (heads.length === 0 || heads.length > maxHeads) return `${heads.length} heads, expected 1 to ${maxHeads}`
  for (let i = 1; i < heads.length; i++) {
    const here = heads[i]!
    if (compareHeads(heads[i - 1]!, here) >= 0)
      return `chain ${here.chain} of ${here.owner} is out of order or twice`
  }
  return undefined
}

function no(problem: string): { ok: false; problem: string } {
  return { ok: false, problem }
}
