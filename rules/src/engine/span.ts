/** Readings that a span holds. */
export const spanReadings = 16
/** Numbers a reading takes: effective time, value, quality. */
export const rowWidth = 3

/** A reading that came after newer ones of its point. */
export interface Reading {
  readonly timeMs: number
  readonly value: number
  readonly quality: number
}

/**
 * Readings of one point, in the order of their effective times, with nothing left out between them. What follows from
 * them can be worked out again, from the state of a condition at their beginning, when another reading is found to
 * belong among them.
 */
export class Span {
  /** Everything up to here was judged before its first reading. */
  readonly afterMs: number
  count = 0
  /** Undefined: given up. Something was judged in this time, but what is no longer known. */
  rows: Float64Array | undefined

  constructor(afterMs: number, rows: Float64Array | undefined) {
    this.afterMs = afterMs
    this.rows = rows
  }

  static of(afterMs: number, readings: readonly Reading[]): Span {
    const span = new Span(afterMs, new Float64Array(spanReadings * rowWidth))
    for (const { timeMs, value, quality } of readings) span.add(timeMs, value, quality)
    return span
  }

  add(timeMs: number, value: number, quality: number): void {
    const rows = this.rows!
    const at = this.count * rowWidth
    rows[at] = timeMs
    rows[at + 1] = value
    rows[at + 2] = quality
    this.count++
  }

  get readings(): Reading[] {
    const { rows } = this
    if (rows === undefined) return []
    return Array.from({ length: this.count }, (_, i) => ({
      timeMs: rows[i * rowWidth]!,
      value: rows[i * rowWidth + 1]!,
      quality: rows[i * rowWidth + 2]!,
    }))
  }

  /** Whether one of the pauses in it is out of proportion to the others: an outage, whose readings may come yet. */
  get hasHole(): boolean {
    const { rows, count, afterMs } = this
    if (rows === undefined || count < 2) return false
    let before = Number.isFinite(afterMs) ? afterMs : rows[0]!
    const beganMs = before
    let largest = 0
    for (let i = 0; i < count; i++) {
      const timeMs = rows[i * rowWidth]!
      largest = Math.max(largest, timeMs - before)
      before = timeMs
    }
    const others = (before - beganMs - largest) / (count - 1)
    return largest > Math.max(1_000, 5 * others)
  }
}
