import { hash } from 'node:crypto'

/** Merkle trees of RFC 9162 (Certificate Transparency 2.0), 2.1, with SHA-256. */

const leafPrefix = 0
const nodePrefix = 1
const hashBytes = 32

export function leafHash(leaf: Uint8Array): Uint8Array {
  const input = Buffer.allocUnsafe(1 + leaf.length)
  input[0] = leafPrefix
  input.set(leaf, 1)
  return sha256(input)
}

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  const input = Buffer.allocUnsafe(1 + 2 * hashBytes)
  input[0] = nodePrefix
  input.set(left, 1)
  input.set(right, 1 + hashBytes)
  return sha256(input)
}

/** By way of text: a digest with native memory of its own costs three times as much, and a tree has many. */
function sha256(input: Uint8Array): Uint8Array {
  return Buffer.from(hash('sha256', input, 'binary'), 'binary')
}

/** Merkle tree hash (2.1.1); of no leaves, the hash of nothing. */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  return rootOfHashes(leaves.map(leafHash))
}

/**
 * The same over leaves that stand in one message, leaf n from `bounds[2 * n]` to before `bounds[2 * n + 1]`: for what is
 * checked thousands of times a second, so hashes are written into one piece of memory, level by level.
 */
export function merkleRootWithin(message: Uint8Array, bounds: Uint32Array): Uint8Array {
  let count = bounds.length / 2
  if (count === 0) return sha256(new Uint8Array(0))
  const hashes = Buffer.allocUnsafe(count * hashBytes)
  for (let n = 0; n < count; n++) {
    const from = bounds[2 * n]!
    const input = inputOf(1 + bounds[2 * n + 1]! - from)
    input[0] = leafPrefix
    for (let i = 1; i < input.length; i++) input[i] = message[from + i - 1]!
    hashes.write(hash('sha256', input, 'binary'), n * hashBytes, hashBytes, 'binary')
  }
  // Pairs from the left, an odd one out going up as it is: the tree of 2.1.1, whose left half is the largest power of two.
  const input = inputOf(1 + 2 * hashBytes)
  input[0] = nodePrefix
  while (count > 1) {
    const pairs = count >> 1
    for (let n = 0; n < pairs; n++) {
      hashes.copy(input, 1, 2 * n * hashBytes, (2 * n + 2) * hashBytes)
      hashes.write(hash('sha256', input, 'binary'), n * hashBytes, hashBytes, 'binary')
    }
    if (count % 2 === 1) hashes.copy(hashes, pairs * hashBytes, (count - 1) * hashBytes, count * hashBytes)
    count = pairs + (count % 2)
  }
  return Uint8Array.from(hashes.subarray(0, hashBytes))
}

const scratch = Buffer.alloc(1024)
const views = new Map<number, Buffer>()

/** Memory of that many bytes to be hashed; the next call gives the same memory away again. */
function inputOf(length: number): Buffer {
  if (length > scratch.length) return Buffer.allocUnsafe(length)
  const known = views.get(length)
  if (known !== undefined) return known
  const view = scratch.subarray(0, length)
  views.set(length, view)
  return view
}

/** The same from the leaves' hashes. */
export function rootOfHashes(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return sha256(new Uint8Array(0))
  if (hashes.length === 1) return hashes[0]!
  const split = splitOf(hashes.length)
  return nodeHash(rootOfHashes(hashes.slice(0, split)), rootOfHashes(hashes.slice(split)))
}

/** Largest power of two below n. */
function splitOf(n: number): number {
  return 2 ** (31 - Math.clz32(n - 1))
}

/** Inclusion proof of one leaf (2.1.3.1): the sister hashes from the leaf up. */
export function inclusionProof(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  const path = (hashes: readonly Uint8Array[], at: number): Uint8Array[] => {
    if (hashes.length <= 1) return []
    const split = splitOf(hashes.length)
    const [left, right] = [hashes.slice(0, split), hashes.slice(split)]
    return at < split
      ? [...path(left, at), rootOfHashes(right)]
      : [...path(right, at - split), rootOfHashes(left)]
  }
  return path(leaves.map(leafHash), index)
}

/** Root that a leaf at `index` of `size` and its proof lead to (2.1.3.2), or undefined for a proof of wrong length or whose hashes have one. */
export function rootFromProof(
  leaf: Uint8Array,
  { index, size, proof }: { index: number; size: number; proof: readonly Uint8Array[] },
): Uint8Array | undefined {
  const climb = (at: number, width: number, depth: number): Uint8Array | undefined => {
    if (width <= 1) return depth === 0 ? leafHash(leaf) : undefined
    const sister = proof[depth - 1]
    if (sister?.length !== hashBytes) return undefined
    const split = splitOf(width)
    const below = at < split ? climb(at, split, depth - 1) : climb(at - split, width - split, depth - 1)
    if (below === undefined) return undefined
    return at < split ? nodeHash(below, sister) : nodeHash(sister, below)
  }
  return index < 0 || index >= size ? undefined : climb(index, size, proof.length)
}
