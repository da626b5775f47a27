/** A half-open range of positions: `from` belongs to it, `until` does not. */
export interface Range {
  readonly from: number
  readonly until: number
}

/** A set of whole numbers as few sorted ranges. Costs grow with the number of ranges, not with what they hold. */
export class Ranges {
  readonly #ranges: Range[]

  constructor(ranges: Iterable<Range> = []) {
    this.#ranges = []
    for (const range of ranges) this.add(range)
  }

  add({ from, until }: Range): void {
    if (from >= until) return
    // Adjoining ranges count as touching, so that what is contiguous is one.
    const first = this.#firstWith((one) => one.until >= from)
    let last = first
    let merged = { from, until }
    while (last < this.#ranges.length && this.#ranges[last]!.from <= until) {
      const one = this.#ranges[last++]!
      merged = { from: Math.min(merged.from, one.from), until: Math.max(merged.until, one.until) }
    }
    this.#ranges.splice(first, last - first, merged)
  }

  remove({ from, until }: Range): void {
    if (from >= until) return
    const first = this.#firstWith((one) => one.until > from)
    let last = first
    const rest: Range[] = []
    while (last < this.#ranges.length && this.#ranges[last]!.from < until) {
      const one = this.#ranges[last++]!
      if (one.from < from) rest.push({ from: one.from, until: from })
      if (one.until > until) rest.push({ from: until, until: one.until })
    }
    this.#ranges.splice(first, last - first, ...rest)
  }

  has(position: number): boolean {
    return this.firstMissing(position) !== position
  }

  /** The first number from `position` on that is not in the set. */
  firstMissing(position: number): number {
    const one = this.#ranges[this.#firstWith(({ until }) => until > position)]
    return one !== undefined && one.from <= position ? one.until : position
  }

  /** What of a range is not in the set, in order. */
  missing({ from, until }: Range): Range[] {
    const found: Range[] = []
    let position = this.firstMissing(from)
    while (position < until) {
      const next = this.#ranges[this.#firstWith((one) => one.from > position)]
      const end = Math.min(until, next?.from ?? until)
      found.push({ from: position, until: end })
      position = this.firstMissing(end)
    }
    return found
  }

  get all(): readonly Range[] {
    return this.#ranges
  }

  #firstWith(holds: (range: Range) => boolean): number {
    let low = 0
    let high = this.#ranges.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (holds(this.#ranges[middle]!)) high = middle
      else low = middle + 1
    }
    return low
  }
}

export function countOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { from, until }) => sum + until - from, 0)
}
