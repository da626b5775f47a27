import { createHash } from 'node:crypto'
import { FarwatchError, Hash, messageOf } from '@farwatch/model'
import { decode, encode } from 'cborg'
import { z } from 'zod'
import { noHash } from '../batch.ts'
import { openSign1, sign1, verifySign1 } from '../cose.ts'
import type { SigningKey, VerifyingKey } from '../keys.ts'
import { merkleRoot } from '../merkle.ts'
import { type ChainHead, compareHeads, decodeHead, encodeHead } from './head.ts'

/** A city has a few hundred gateways; this is far above it. */
export const maxHeads = 100_000

/**
 * What the centre signs about all its chains at one moment: the payload of a COSE_Sign1 (RFC 9052), canonical CBOR. The
 * root is a Merkle tree's (RFC 9162, 2.1.1) over the heads, so that one head can be proven without telling the others.
 */
export const Anchor = z.strictObject({
  v: z.literal(1),
  kind: z.literal('anchor'),
  /** 1, 2, 3 …, of this centre. */
  number: z.number().int().positive(),
  /** Local day (Asia/Shanghai) on which it was made. */
  day: z.iso.date(),
  /** By the centre's wall clock (Unix ms). */
  madeMs: z.number().int().nonnegative(),
  /** `anchorHash` of the anchor before; `noHash` in the first. */
  prev: Hash,
  root: Hash,
  heads: z.number().int().min(1).max(maxHeads),
})
export type Anchor = z.infer<typeof Anchor>

/** SHA-256 over the signed statement: the next anchor's `prev`, and what a timestamp authority stamps. */
export function anchorHash(statement: Uint8Array): Uint8Array {
  return createHash('sha256').update(statement).digest()
}

/** The anchor before, as far as the next one needs it. */
export interface AnchorPlace {
  readonly number: number
  readonly hash: Uint8Array
}

export const beforeFirstAnchor: AnchorPlace = { number: 0, hash: noHash }

/** Signs where all chains stand. @throws FarwatchError `bad-anchor` for no heads, too many, or a chain that is there twice. */
export function sealAnchor(
  heads: readonly ChainHead[],
  { after, madeMs, day }: { after: AnchorPlace; madeMs: number; day: string },
  key: SigningKey,
): { statement: Uint8Array; leaves: Uint8Array[] } {
  const leaves = heads.toSorted(compareHeads).map(encodeHead)
  const problem = problemOfHeads(leaves.map(decodeHead))
  if (problem !== undefined) throw new FarwatchError('bad-anchor', problem)
  const anchor: Anchor = {
    ...{ v: 1, kind: 'anchor', number: after.number + 1, day, madeMs },
    ...{ prev: after.hash, root: merkleRoot(leaves), heads: leaves.length },
  }
  return { statement: sign1(encode(anchor), key), leaves }
}

/** Takes a statement apart without verifying it. @throws FarwatchError `bad-anchor`, `bad-signature-format`. */
export function openAnchor(statement: Uint8Array): Anchor {
  const { payload } = openSign1(statement)
  try {
    return Anchor.parse(decode(payload, { strict: true, rejectDuplicateMapKeys: true }))
  } catch (cause) {
    throw new FarwatchError('bad-anchor', 'what is signed is not an anchor', { cause })
  }
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

/**
 * Checks that statements follow one another without a hole or a change, from the first given on. Each is only opened:
 * signatures are `verifyStatement`'s.
 */
export function verifySuccession(statements: readonly Uint8Array[]): Verified<object> {
  for (let i = 1; i < statements.length; i++) {
    const [before, here] = [openAnchor(statements[i - 1]!), openAnchor(statements[i]!)]
    if (here.number !== before.number + 1) return no(`anchor ${here.number} follows anchor ${before.number}`)
    if (Buffer.compare(here.prev, anchorHash(statements[i - 1]!)) !== 0) {
      return no(`anchor ${here.number} was made after another anchor ${before.number} than this one`)
    }
  }
  return { ok: true }
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
