import { FarwatchError } from './errors.ts'
import { exactUtf8 } from './utf8.ts'

/** Major types of RFC 8949, 3.1. */
const major = { uint: 0, bytes: 2, text: 3, array: 4, map: 5 } as const
const two32 = 2 ** 32

/**
 * Reads canonical CBOR (RFC 8949, 4.2.1) whose shape is known, from front to back and without a tree in between: for what
 * comes in a hundred thousand times a second. Lengths must be definite and as short as they can be, and `end` must find
 * the end. Every method throws FarwatchError `bad-cbor` when something else stands there.
 */
export class CborReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0
  /** Where the item in hand ends: the message, or the byte string that was entered. */
  #limit: number

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#limit = bytes.length
  }

  /** Offset of what comes next. */
  get at(): number {
    return this.#at
  }

  /** Number of items that follow. */
  array(): number {
    return this.#head(major.array)
  }

  /** Number of pairs that follow. */
  map(): number {
    return this.#head(major.map)
  }

  /** 0 … 2^53 − 1. */
  uint(): number {
    return this.#head(major.uint)
  }

  /** A view, not a copy. */
  bytes(): Uint8Array {
    const from = this.#string(major.bytes)
    return this.#bytes.subarray(from, this.#at)
  }

  /** Ill-formed UTF-8 becomes U+FFFD; a byte order mark stays. */
  text(): string {
    const from = this.#string(major.text)
    return exactUtf8(this.#bytes.subarray(from, this.#at))
  }

  /** Passes over this text, which must stand here. ASCII only. */
  literal(text: string): void {
    const from = this.#string(major.text)
    let same = this.#at - from === text.length
    for (let i = 0; same && i < text.length; i++) same = this.#bytes[from + i] === text.charCodeAt(i)
    if (!same) this.#fail(`another text, expected ${text}`)
  }

  /** Passes over a text; returns where it begins. It ends at `at`. */
  skipText(): number {
    return this.#string(major.text)
  }

  /** Puts a byte string of little-endian float64 into `target` from `offset` on; returns how many. How many fit is the caller's bound. */
  floatsInto(target: Float64Array, offset: number): number {
    const from = this.#string(major.bytes)
    const bytes = this.#at - from
    if ((bytes & 7) !== 0) return this.#fail('a byte string that holds no float64')
    const count = bytes >>> 3
    if (count > target.length - offset) return this.#fail(`more than ${target.length} numbers`)
    for (let i = 0; i < count; i++) target[offset + i] = this.#view.getFloat64(from + i * 8, true)
    return count
  }

  /** The same for little-endian uint16. */
  shortsInto(target: Uint16Array, offset: number): number {
    const from = this.#string(major.bytes)
    const bytes = this.#at - from
    if ((bytes & 1) !== 0) return this.#fail('a byte string that holds no uint16')
    const count = bytes >>> 1
    if (count > target.length - offset) return this.#fail(`more than ${target.length} numbers`)
    for (let i = 0; i < count; i++) target[offset + i] = this.#view.getUint16(from + i * 2, true)
    return count
  }

  /** Goes into a byte string that holds CBOR itself; returns where it ends. `end` then looks for that end and leaves it. */
  enter(): number {
    const from = this.#string(major.bytes)
    this.#limit = this.#at
    this.#at = from
    return this.#limit
  }

  end(): void {
    if (this.#at !== this.#limit) this.#fail(`${this.#limit - this.#at} bytes too many`)
    this.#limit = this.#bytes.length
  }

  /** Passes over a string; returns where its content begins. */
  #string(type: number): number {
    const length = this.#head(type)
    const from = this.#at
    if (length > this.#limit - from) return this.#fail('ends too early')
    this.#at = from + length
    return from
  }

  /** The argument of an item of this type (RFC 8949, 3). */
  #head(expected: number): number {
    if (this.#at >= this.#limit) return this.#fail('ends too early')
    const first = this.#bytes[this.#at]!
    if (first >> 5 !== expected) return this.#fail(`major type ${first >> 5}, expected ${expected}`)
    this.#at++
    const info = first & 0x1f
    switch (info) {
      case 24:
        return this.#least(this.#big(1), 24)
      case 25:
        return this.#least(this.#big(2), 2 ** 8)
      case 26:
        return this.#least(this.#big(4), 2 ** 16)
      case 27: {
        const high = this.#big(4)
        return this.#least(high * two32 + this.#big(4), two32)
      }
      default:
        return info < 24 ? info : this.#fail('no definite length')
    }
  }

  /** Unsigned, in network order. */
  #big(length: number): number {
    if (length > this.#limit - this.#at) return this.#fail('ends too early')
    let value = 0
    for (let i = 0; i < length; i++) value = value * 256 + this.#bytes[this.#at++]!
    return value
  }

  #least(value: number, least: number): number {
    if (value < least) return this.#fail('a number is longer than it must be')
    return value <= Number.MAX_SAFE_INTEGER ? value : this.#fail('a number beyond 2^53')
  }

  #fail(problem: string): never {
    throw new FarwatchError('bad-cbor', `at byte ${this.#at}: ${problem}`)
  }
}
