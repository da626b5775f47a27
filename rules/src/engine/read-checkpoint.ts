import { Alert } from '@farwatch/model'
import { z } from 'zod'
import type { Cell, Leg, Said } from './cell.ts'
import type { Checkpoint, KeptPast, KeptPoint, KeptRule } from './checkpoint.ts'
import { NumberReader } from './columns.ts'
import { blankRows, type Reading, rowWidth, Span, spanReadings } from './span.ts'

const Head = z.strictObject({
  position: z.number().int().positive(),
  alertPosition: z.number().int().positive(),
  nowMs: z.number(),
  rules: z.array(z.tuple([z.string(), z.number(), z.number()])),
  points: z.number().int().nonnegative(),
  alerts: z.number().int().nonnegative(),
})

/**
 * Reads what `Sweep` wrote: floats up to `floatBytes`, then values.
 * @throws Error for anything that it would not have written.
 */
export function readContent(content: Buffer, floatBytes: number): Checkpoint {
  const values: unknown = JSON.parse(content.toString('utf8', floatBytes))
  if (!Array.isArray(values)) throw new Error('found no array of values')
  const { rules, points, alerts, ...places } = Head.parse(values.at(-1))
  const kept: KeptRule[] = rules.map(([id, version, stateVersion]) => ({ id, version, stateVersion }))
  const first = values.length - 1 - alerts
  return {
    ...places,
    points: new PointReader(floatsOf(content, floatBytes), values.slice(0, first), kept).all(points),
    rules: new Map(kept.map((rule) => [rule.id, rule])),
    alerts: values.slice(first, -1).map((alert) => Alert.parse(alert)),
  }
}

/** In place where floats may begin there. */
function floatsOf({ buffer, byteOffset }: Buffer, bytes: number): Float64Array {
  if (byteOffset % 8 === 0) return new Float64Array(buffer, byteOffset, bytes / 8)
  return new Float64Array(buffer.slice(byteOffset, byteOffset + bytes))
}

class PointReader {
  readonly #numbers: NumberReader
  readonly #values: readonly unknown[]
  readonly #rules: readonly KeptRule[]

  constructor(numbers: Float64Array, values: readonly unknown[], rules: readonly KeptRule[]) {
    this.#numbers = new NumberReader(numbers)
    this.#values = values
    this.#rules = rules
  }

  all(count: number): Map<string, KeptPoint> {
    const points = new Map<string, KeptPoint>()
    for (let i = 0; i < count; i++) points.set(this.#text(), this.#point())
    if (!this.#numbers.isAtEnd || points.size !== count) throw new Error('found other points than it says')
    return points
  }

  #value(): unknown {
    const at = this.#numbers.count()
    if (at >= this.#values.length) throw new RangeError(`found no value ${at}`)
    return this.#values[at]
  }

  #text(): string {
    const text = this.#value()
    if (typeof text !== 'string') throw new Error(`found ${typeof text}, expected a text`)
    return text
  }

  #point(): KeptPoint {
    const numbers = this.#numbers
    const lastMs = numbers.next()
    const arrivedMs = numbers.next()
    const spans = numbers.count()
    const past = spans === 0 ? undefined : this.#past(spans)
    const cells: (readonly [KeptRule, Cell])[] = []
    for (let left = numbers.count(); left > 0; left--) cells.push(this.#cell())
    return { lastMs, arrivedMs, past, cells }
  }

  #past(count: number): KeptPast {
    const numbers = this.#numbers
    const spans: Span[] = []
    for (let i = 0; i < count; i++) spans.push(this.#span())
    if (spans[count - 1]!.rows === undefined) throw new Error('found no open span')
    const late: Reading[] = []
    const waiting = numbers.count()
    if (waiting === 0) return { spans, late, lateSinceMs: Infinity, dueMs: Infinity }
    const lateSinceMs = numbers.next()
    const dueMs = numbers.next()
    for (let i = 0; i < waiting; i++)
      late.push({ timeMs: numbers.next(), value: numbers.next(), quality: numbers.next() })
    return { spans, late, lateSinceMs, dueMs }
  }

  #span(): Span {
    const afterMs = this.#numbers.next()
    const count = this.#numbers.count(-1)
    if (count < 0) return new Span(afterMs, undefined)
    if (count > spanReadings) throw new RangeError(`found a span of ${count} readings`)
    const span = new Span(afterMs, blankRows())
    this.#numbers.copyTo(span.rows!, count * rowWidth)
    span.count = count
    return span
  }

  #cell(): readonly [KeptRule, Cell] {
    const numbers = this.#numbers
    const tag = numbers.count()
    const rule = this.#rules[Math.floor(tag / 2)]
    if (rule === undefined) throw new RangeError(`found no rule ${Math.floor(tag / 2)}`)
    const state = this.#value()
    const outputs = numbers.next()
    const count = numbers.count()
    const legs: Leg[] = []
    if (tag % 2 === 1) {
      for (let i = 0; i < count; i++) legs.push({ state, wakeMs: Infinity, said: [] })
      const ignoreUntilMs = Number.NEGATIVE_INFINITY
      return [rule, { state, wakeMs: Infinity, dueMs: Infinity, outputs, ignoreUntilMs, legs }]
    }
    const wakeMs = numbers.next()
    const dueMs = numbers.next()
    const ignoreUntilMs = numbers.next()
    for (let i = 0; i < count; i++) legs.push(this.#leg())
    return [rule, { state, wakeMs, dueMs, outputs, ignoreUntilMs, legs }]
  }

  #leg(): Leg {
    const leg: Leg = { state: this.#value(), wakeMs: this.#numbers.next(), said: [] }
    for (let left = this.#numbers.count(); left > 0; left--) leg.said.push(this.#said())
    return leg
  }

  #said(): Said {
    const numbers = this.#numbers
    const kind = numbers.count() === 1 ? 'set' : 'return'
    const atMs = numbers.next()
    const value = figureOf(numbers.next())
    const worst = figureOf(numbers.next())
    const alert = numbers.count(-1)
    if (alert < 0) return { kind, atMs, value, worst, told: undefined }
    const id = this.#values[alert]
    if (typeof id !== 'string') throw new Error('found no id of an alert')
    return { kind, atMs, value, worst, told: { alert: id, atMs: numbers.next() } }
  }
}

function figureOf(number: number): number | null {
  return Number.isNaN(number) ? null : number
}
