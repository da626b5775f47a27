import type { Cell, Said } from './cell.ts'
import { type Reading, Span, spanReadings } from './span.ts'

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
  spans: Span[]
  /** The conditions on event time of this point. The legs of a cell are its states at the beginnings of the spans. */
  readonly cells: Cell[] = []
  /** Came after newer readings, and wait to be judged together. */
  late: Reading[] = []
  /** When the first of them came; Infinity while there is none. */
  lateSinceMs = Infinity

  constructor(spans: Span[]) {
    this.spans = spans
  }

  get open(): Span {
    return this.spans[this.spans.length - 1]!
  }

  /** A reading in order. Call `turn` first where the open span is full. */
  add(timeMs: number, value: number, quality: number): void {
    this.spans[this.spans.length - 1]!.add(timeMs, value, quality)
  }

  get isFull(): boolean {
    return this.spans[this.spans.length - 1]!.count === spanReadings
  }

  /** Begins another span, now that everything up to `lastMs` has been judged. */
  turn(lastMs: number): void {
    this.spans.push(new Span(lastMs, undefined))
    for (const { legs, state, wakeMs } of this.cells) legs.push({ state, wakeMs, said: [] })
    const freed = this.prune(lastMs)
    this.open.rows = freed ?? Span.of(lastMs, []).rows
  }

  /** Gives up what is not worth its memory; returns a column that may be used again. */
  prune(nowMs: number): Float64Array | undefined {
    const { spans } = this
    let freed: Float64Array | undefined
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
