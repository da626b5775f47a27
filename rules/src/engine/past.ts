import type { Cell, Said } from './cell.ts'
import { blankRows, type Reading, Span, spanReadings } from './span.ts'

/** Spans beside an outage that a point keeps besides its newest readings. */
const keptSpans = 8
/** How long one of them is kept, by effective time. */
const keptMs = 72 * 3_600_000
/** Outputs kept of a time whose readings are given up: enough to know the episode that reaches out of it. */
const keptOutputs = 3

/** Late readings of one point that wait to be judged. */
export const maxLate = 512

/**
 * What is kept of one point so that a late reading can be judged where it belongs: its newest 16 readings at least and 47 at
 * most, those beside its last outages, and for each condition its state where each span of them begins.
 */
export class Past {
  /** In order and without a hole between them: a span ends where the next begins. The last one is open. */
  spans: Span[] = []
  /** The last of the spans. */
  open!: Span
  /** The conditions on event time of this point. The legs of a cell are its states at the beginnings of the spans. */
  readonly cells: Cell[] = []
  /** Came after newer readings, and wait to be judged together. */
  late: Reading[] = []
  /** When the first of them came; Infinity while there is none. */
  lateSinceMs = Infinity
  /** When they are due to be judged; Infinity while there is none. */
  dueMs = Infinity

  constructor(spans: Span[]) {
    this.replace(spans)
  }

  /** The spans are these now; the legs of the cells are the caller's to replace. */
  replace(spans: Span[]): void {
    this.spans = spans
    this.open = spans[spans.length - 1]!
  }

  /** Begins another span, now that everything up to `lastMs` has been judged. */
  turn(lastMs: number): void {
    if (this.#isDense) {
      this.#rotate(lastMs)
      return
    }
    this.open = new Span(lastMs, undefined)
    this.spans.push(this.open)
    for (const { legs, state, wakeMs } of this.cells) legs.push({ state, wakeMs, said: [] })
    const freed = this.prune(lastMs)
    this.open.rows = freed ?? blankRows()
  }

  /** Nothing is kept but the newest readings, and the older of their two spans is due to be given up. */
  get #isDense(): boolean {
    const [given, older] = this.spans
    if (this.spans.length !== 3 || given!.rows !== undefined || older!.rows === undefined) return false
    return this.open.isFull && !older!.hasHole
  }

  /** What `turn` comes to for nearly every point: its two spans change places, with nothing to allocate. */
  #rotate(lastMs: number): void {
    const { spans } = this
    const older = spans[1]!
    older.afterMs = lastMs
    older.count = 0
    spans[1] = this.open
    spans[2] = older
    this.open = older
    for (const { legs, state, wakeMs } of this.cells) {
      const leg = legs[1]!
      if (leg.said.length > 0) {
        const given = legs[0]!.said
        given.push(...leg.said)
        if (given.length > keptOutputs) thin(given)
        leg.said = []
      }
      leg.state = state
      leg.wakeMs = wakeMs
      legs[1] = legs[2]!
      legs[2] = leg
    }
  }

  /** Gives up what is not worth its memory; returns a column that may be used again. */
  prune(nowMs: number): number[] | undefined {
    const { spans } = this
    let freed: number[] | undefined
    let kept = 0
    let newer = this.open.count
    for (let i = spans.length - 2; i >= 0; i--) {
      const span = spans[i]!
      if (span.rows === undefined) continue
      const isNew = newer < spanReadings
      newer += span.count
      if (isNew) continue
      const besideHole = span.hasHole || (i > 0 && spans[i - 1]!.hasHole)
      const young = nowMs - spans[i + 1]!.afterMs <= keptMs
      if (besideHole && young && kept < keptSpans) kept++
      else {
        freed = span.rows
        span.rows = undefined
        span.count = 0
      }
    }
    this.#merge()
    return freed
  }

  /** Spans that are given up and follow one another become one. */
  #merge(): void {
    const { spans } = this
    for (let i = spans.length - 1; i > 0; i--) {
      if (spans[i]!.rows !== undefined || spans[i - 1]!.rows !== undefined || i === spans.length - 1) continue
      spans.splice(i, 1)
      for (const { legs } of this.cells) {
        const [given] = legs.splice(i, 1)
        if (given!.said.length > 0) legs[i - 1]!.said.push(...given!.said)
      }
    }
    for (const { legs } of this.cells) {
      for (let i = 0; i < legs.length; i++) {
        if (legs[i]!.said.length > keptOutputs && spans[i]!.rows === undefined) thin(legs[i]!.said)
      }
    }
  }
}

/** Forgets episodes that lie wholly in a time whose readings are given up, but for the last. */
function thin(said: Said[]): void {
  const first = said[0]?.kind === 'return' ? 1 : 0
  const pairs = Math.floor((said.length - first - keptOutputs) / 2)
  if (pairs > 0) said.splice(first, 2 * pairs)
}
