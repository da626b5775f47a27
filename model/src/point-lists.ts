import type { PointKey } from './names.ts'

/** Points of all lists together; lists made first go first. */
const maxPoints = 200_000

/** The points of one batch in its order, with their bytes one after another. */
class PointList {
  readonly points: readonly PointKey[]
  readonly #bytes: Uint8Array
  readonly #ends: Uint32Array

  /** `at` holds where each point's text begins and ends in `message`. */
  constructor(points: readonly PointKey[], message: Uint8Array, at: Uint32Array) {
    this.points = points
    this.#ends = new Uint32Array(points.length)
    let length = 0
    for (let s = 0; s < points.length; s++) {
      length += at[2 * s + 1]! - at[2 * s]!
      this.#ends[s] = length
    }
    this.#bytes = new Uint8Array(length)
    for (let s = 0; s < points.length; s++) {
      this.#bytes.set(message.subarray(at[2 * s]!, at[2 * s + 1]!), this.#startOf(s))
    }
  }

  /** The `s`-th point if that is what stands at `from` … `to` of the message. */
  at(s: number, message: Uint8Array, from: number, to: number): PointKey | undefined {
    const start = this.#startOf(s)
    if (this.#ends[s]! - start !== to - from) return undefined
    for (let i = from; i < to; i++) if (this.#bytes[start + i - from] !== message[i]) return undefined
    return this.points[s]
  }

  #startOf(s: number): number {
    return s === 0 ? 0 : this.#ends[s - 1]!
  }
}

/**
 * The points of batches that came lately, by the first of them. A gateway that reads its points once a round sends the same
 * list each time: it is recognised by its bytes, and given out as the very same array, so that whoever has looked these
 * points up need not do it again.
 */
export class PointLists {
  readonly #lists = new Map<PointKey, PointList>()
  #points = 0

  get(first: PointKey): PointList | undefined {
    return this.#lists.get(first)
  }

  /** Replaces the list that begins with the same point. `at` holds where each point's text begins and ends in `message`. */
  add(points: readonly PointKey[], message: Uint8Array, at: Uint32Array): void {
    this.#forget(points[0]!)
    this.#lists.set(points[0]!, new PointList(points, message, at))
    this.#points += points.length
    for (const first of this.#lists.keys()) {
      if (this.#points <= maxPoints) break
      this.#forget(first)
    }
  }

  #forget(first: PointKey): void {
    this.#points -= this.#lists.get(first)?.points.length ?? 0
    this.#lists.delete(first)
  }
}
