import { encode } from 'cborg'

const slabBytes = 64 * 1024
/** What is longer has memory of its own. */
const pooledBytes = slabBytes / 4
let slab = new Uint8Array(0)
let used = 0

/**
 * The canonical CBOR of `[code, receivedMs, bytes, ...names]` (RFC 8949, 4.2.1), as `encode` has it. Plain messages come by
 * ten thousands a second: small ones are written by hand, side by side in one piece of memory.
 */
export function encodeParts(
  code: number,
  receivedMs: number,
  { bytes, names }: { bytes: Uint8Array; names: readonly string[] },
): Uint8Array {
  let most = 4 * maxHead + bytes.length
  for (const name of names) most += maxHead + name.length
  if (most > pooledBytes || names.length > 20) return encode([code, receivedMs, bytes, ...names])
  if (used + most > slab.length) {
    slab = new Uint8Array(slabBytes)
    used = 0
  }
  let at = head(used, 0x80, names.length + 3)
  at = head(at, 0x00, code)
  at = head(at, 0x00, receivedMs)
  at = head(at, 0x40, bytes.length)
  slab.set(bytes, at)
  at += bytes.length
  for (const name of names) {
    at = head(at, 0x60, name.length)
    for (let i = 0; i < name.length; i++) {
      const character = name.charCodeAt(i)
      // More than one byte: the length above is wrong.
      if (character > 0x7f) return encode([code, receivedMs, bytes, ...names])
      slab[at++] = character
    }
  }
  const encoded = slab.subarray(used, at)
  used = at
  return encoded
}

const maxHead = 9
const two32 = 2 ** 32

/** Writes a major type with its number, a safe integer, in as few bytes as hold it; returns where they end. */
function head(at: number, major: number, value: number): number {
  if (value < 24) {
    slab[at] = major | value
    return at + 1
  }
  const size = value < 0x100 ? 1 : value < 0x10000 ? 2 : value < two32 ? 4 : 8
  slab[at] = major | (size === 1 ? 24 : size === 2 ? 25 : size === 4 ? 26 : 27)
  let left = value
  for (let end = at + size; end > at; end--) {
    slab[end] = left % 0x100
    left = Math.floor(left / 0x100)
  }
  return at + 1 + size
}
