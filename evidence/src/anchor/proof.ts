import type { VerifyingKey } from '../keys.ts'
import { inclusionProof, rootFromProof } from '../merkle.ts'
import { type Anchor, type Verified, verifyStatement } from './anchor.ts'
import { type ChainHead, decodeHead, encodeHead } from './head.ts'

/** That one head was in an anchor, without the other heads. */
export interface HeadProof {
  readonly head: ChainHead
  readonly index: number
  readonly proof: readonly Uint8Array[]
}

/** The proof of one chain's head, or undefined when the anchor has none of this chain. */
export function proveHead(
  leaves: readonly Uint8Array[],
  { kind, owner, chain }: Pick<ChainHead, 'kind' | 'owner' | 'chain'>,
): HeadProof | undefined {
  const index = leaves.findIndex((leaf) => {
    const head = decodeHead(leaf)
    return head.kind === kind && head.owner === owner && head.chain === chain
  })
  if (index === -1) return undefined
  return { head: decodeHead(leaves[index]!), index, proof: inclusionProof(leaves, index) }
}

/** Checks that a signed statement covers this head. */
export function verifyHead(
  statement: Uint8Array,
  { head, index, proof }: HeadProof,
  keys: readonly VerifyingKey[],
): Verified<{ anchor: Anchor }> {
  const verified = verifyStatement(statement, keys)
  if (!verified.ok) return verified
  const root = rootFromProof(encodeHead(head), { index, size: verified.anchor.heads, proof })
  if (root !== undefined && Buffer.compare(root, verified.anchor.root) === 0) return verified
  return { ok: false, problem: `anchor ${verified.anchor.seq} does not cover this head` }
}

/** An entry of a chain as it is shown today. */
export interface ShownEntry {
  readonly seq: number
  /** Hash of the entry before, as the entry itself says. */
  readonly prev: Uint8Array
  readonly hash: Uint8Array
}

/**
 * Whether a chain shown today is the one that was anchored. `covered`: the anchored entry is there, unchanged, and so by
 * their hashes are all before it in `entries`. `rewritten`: another entry stands in its place. `silent`: the entries
 * do not reach the anchored one (nor stand right behind it), so that the anchor says nothing of them.
 */
export function compareWithAnchor(
  head: ChainHead,
  entries: Iterable<ShownEntry>,
): 'covered' | 'rewritten' | 'silent' {
  let found: 'covered' | 'silent' = 'silent'
  for (const { seq, prev, hash } of entries) {
    const shown = seq === head.seq ? hash : seq === head.seq + 1 ? prev : undefined
    if (shown === undefined) continue
    if (Buffer.compare(shown, head.hash) !== 0) return 'rewritten'
    if (seq === head.seq) found = 'covered'
  }
  return found
}
