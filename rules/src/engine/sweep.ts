import { createHash } from 'node:crypto'
import type { Alert } from '@farwatch/model'
import type { Rule } from '../language/rule.ts'
import type { Said } from './cell.ts'
import { Column, Values } from './columns.ts'
import type { Instance } from './conclusions.ts'
import type { Past } from './past.ts'
import type { Route } from './route.ts'
import { rowWidth } from './span.ts'

/** The last bytes before the digest of a checkpoint. */
export const magic = 'FWRULES3'

/** What stands in a checkpoint besides its points: the last of its values. */
export interface Head {
  readonly position: number
  readonly alertPosition: number
  readonly nowMs: number
  /** In the order of their numbers in the cells. */
  readonly rules: readonly [id: string, version: number, stateVersion: number][]
  readonly points: number
  /** They stand before the head. */
  readonly alerts: number
}

/** Values written in one piece. */
const valuesAPiece = 2_000
const alertsAPiece = 50

/**
 * Writes down all that an engine is at one moment, while it goes on: the points one after the other, and each that is about
 * to change before it does. So the engine never waits for more than a piece.
 *
 * Bytes: 64-bit floats, native order; values, one JSON array; how many bytes the floats are, as a float; `magic`; SHA-256 of
 * all that. Floats are read by `readCheckpoint`; where one stands for a value it is its place in the array.
 */
export class Sweep {
  /** Tells sweeps of one engine apart. */
  readonly number: number
  readonly position: number
  readonly alertPosition: number
  readonly #nowMs: number
  readonly #alerts: readonly Alert[]
  readonly #routes: Iterable<Route>
  readonly #numbers: Column
  readonly #values = new Values()
  readonly #rules = new Map<Rule, number>()
  readonly #ruleLines: Head['rules'][number][] = []
  #points = 0

  /** `routes` may grow meanwhile: new ones bear the number of the sweep. `pieceNumbers`: floats in a piece. */
  constructor(
    number: number,
    routes: Iterable<Route>,
    of: Pick<Head, 'position' | 'alertPosition' | 'nowMs'> & {
      alerts: readonly Alert[]
      pieceNumbers?: number | undefined
    },
  ) {
    this.number = number
    this.#routes = routes
    this.position = of.position
    this.alertPosition = of.alertPosition
    this.#nowMs = of.nowMs
    this.#alerts = of.alerts
    this.#numbers = new Column(of.pieceNumbers ?? 32_768)
  }

  /** Writes a point down as it is, once. */
  keep(route: Route): void {
    if (route.sweep === this.number) return
    route.sweep = this.number
    this.#points++
    const numbers = this.#numbers
    const { key, lastMs, arrivedMs, past, all } = route
    numbers.push(this.#values.add(JSON.stringify(key)))
    numbers.push(lastMs)
    numbers.push(arrivedMs)
    if (past === undefined) numbers.push(0)
    else this.#keepPast(past)
    numbers.push(all.length)
    for (const instance of all) this.#keepCell(instance)
  }

  /** The checkpoint, piece by piece, each to be used before the next is asked for. Call once. */
  *pieces(): Generator<Uint8Array> {
    const hash = createHash('sha256')
    let floatBytes = 0
    for (const floats of this.#floats()) {
      hash.update(floats)
      floatBytes += floats.length
      yield floats
    }
    for (const text of this.#texts()) {
      const bytes = Buffer.from(text)
      hash.update(bytes)
      yield bytes
    }
    const end = Buffer.concat([new Uint8Array(Float64Array.of(floatBytes).buffer), Buffer.from(magic)])
    hash.update(end)
    yield Buffer.concat([end, hash.digest()])
  }

  *#floats(): Generator<Uint8Array> {
    for (const route of this.#routes) {
      this.keep(route)
      yield* this.#numbers.taken()
    }
    yield this.#numbers.rest()
  }

  *#texts(): Generator<string> {
    const { texts } = this.#values
    const alerts = this.#alerts
    yield '['
    for (let i = 0; i < texts.length; i += valuesAPiece)
      yield `${texts.slice(i, i + valuesAPiece).join(',\n')},\n`
    for (let i = 0; i < alerts.length; i += alertsAPiece) {
      yield `${alerts
        .slice(i, i + alertsAPiece)
        .map((alert) => JSON.stringify(alert))
        .join(',\n')},\n`
    }
    const { position, alertPosition } = this
    const head: Head = {
      ...{ position, alertPosition, nowMs: this.#nowMs },
      ...{ rules: this.#ruleLines, points: this.#points, alerts: alerts.length },
    }
    yield `${JSON.stringify(head)}]`
  }

  #keepPast({ spans, late, lateSinceMs, dueMs }: Past): void {
    const numbers = this.#numbers
    numbers.push(spans.length)
    for (const { afterMs, rows, count } of spans) {
      numbers.push(afterMs)
      numbers.push(rows === undefined ? -1 : count)
      for (let i = 0; rows !== undefined && i < count * rowWidth; i++) numbers.push(rows[i]!)
    }
    numbers.push(late.length)
    if (late.length === 0) return
    numbers.push(lateSinceMs)
    numbers.push(dueMs)
    for (const { timeMs, value, quality } of late) {
      numbers.push(timeMs)
      numbers.push(value)
      numbers.push(quality)
    }
  }

  #keepCell({ rule, condition, cell }: Instance): void {
    const numbers = this.#numbers
    const { state, wakeMs, dueMs, outputs, ignoreUntilMs, legs } = cell
    let quiet = wakeMs === Infinity && dueMs === Infinity && ignoreUntilMs === Number.NEGATIVE_INFINITY
    for (let i = 0; quiet && i < legs.length; i++) {
      const leg = legs[i]!
      quiet = leg.state === state && leg.wakeMs === Infinity && leg.said.length === 0
    }
    numbers.push(2 * this.#ruleNumber(rule, condition.stateVersion) + (quiet ? 1 : 0))
    numbers.push(this.#values.of(state))
    numbers.push(outputs)
    numbers.push(legs.length)
    if (quiet) return
    numbers.push(wakeMs)
    numbers.push(dueMs)
    numbers.push(ignoreUntilMs)
    for (const { state, wakeMs, said } of legs) {
      numbers.push(this.#values.of(state))
      numbers.push(wakeMs)
      numbers.push(said.length)
      for (const one of said) this.#keepSaid(one)
    }
  }

  #keepSaid({ kind, atMs, value, worst, told }: Said): void {
    const numbers = this.#numbers
    numbers.push(kind === 'set' ? 1 : 0)
    numbers.push(atMs)
    numbers.push(value ?? Number.NaN)
    numbers.push(worst ?? Number.NaN)
    numbers.push(told === undefined ? -1 : this.#values.of(told.alert))
    if (told !== undefined) numbers.push(told.atMs)
  }

  #ruleNumber(rule: Rule, stateVersion: number): number {
    let number = this.#rules.get(rule)
    if (number === undefined) {
      number = this.#ruleLines.push([rule.id, rule.version, stateVersion]) - 1
      this.#rules.set(rule, number)
    }
    return number
  }
}
