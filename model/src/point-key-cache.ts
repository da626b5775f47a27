import { isPointKey, type PointKey } from './names.ts'
import { exactUtf8 } from './utf8.ts'

const slots = 1 << 15

interface Spelled {
  readonly bytes: Uint8Array
  readonly key: PointKey
}

/**
 * Point keys by their UTF-8 bytes, each place taken by the last that fell on it: the same few thousand keys come again
 * with every batch, and comparing bytes costs a tenth of decoding and checking them. One string for each key besides.
 */
export class PointKeyCache {
  readonly #slots: (Spelled | undefined)[] = new Array(slots).fill(undefined)

  /** The key that stands at `from` … `to`; undefined where that is none. */
  read(bytes: Uint8Array, from: number, to: number): PointKey | undefined {
    // FNV-1a; whoever makes keys collide only makes them slow again.
    let hash = 0x811c9dc5
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
    const slot = (hash ^ (hash >>> 15)) & (slots - 1)
    const known = this.#slots[slot]
    if (known !== undefined && equals(known.bytes, bytes, from, to)) return known.key
    const own = bytes.slice(from, to)
    const key = exactUtf8(own)
    if (!isPointKey(key)) return undefined
    this.#slots[slot] = { bytes: own, key }
    return key
  }
}

function equals(known: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  const { length } = known
  if (length !== to - from) return false
  for (let i = 0; i < length; i++) if (known[i] !== bytes[from + i]) return false
  return true
}
