import {
  type Alert,
  type CentreRecord,
  maxAheadMs,
  messageOf,
  type PointKey,
  parsePointKey,
  pointsOf,
  type Readings,
  type Registry,
  readingsOf,
} from '@farwatch/model'
import type { Logger } from '@farwatch/runtime'
import { Subject } from 'rxjs'
import type { AlertBook } from '../alerts/book.ts'
import type { Entry, TransitionEntry } from '../alerts/entry.ts'
import type { Condition, Input, Output } from '../conditions/condition.ts'
import { conditionOf } from '../conditions/index.ts'
import { matcherOf, type Target } from '../language/match.ts'
import type { Rule } from '../language/rule.ts'
import { adoptingCell, type Cell, finite, freshCell, keptCell, restoredCell } from './cell.ts'
import { type Checkpoint, keptPast } from './checkpoint.ts'
import { Conclusions, type Instance } from './conclusions.ts'
import { Lateness } from './lateness.ts'
import { type Host, lift } from './lift.ts'
import { returnUnwatched, warnOfRules } from './opening.ts'
import { Route, RouteLists } from './route.ts'
import { Settled } from './settled.ts'
import { Timers } from './timers.ts'

/** Points that no registry names and that rules watch all the same; more are counted and not watched. */
const maxUnregistered = 100_000
/** Of a point that no registry names, seconds. */
const defaultIntervalS = 10

/** What the engine is told besides records, to be applied before the record at `before`. */
export type Told = Exclude<Entry, TransitionEntry>

export interface EngineOptions {
  readonly rules: readonly Rule[]
  readonly registry: Registry
  readonly book: AlertBook
  readonly log: Logger
}

/**
 * Readings in, outputs of conditions out, alerts by way of the book.
 *
 * Time: a reading's effective time is its source time, but never after its receipt: nothing is measured after it has
 * arrived, so what lies beyond is an error of the device's clock, and a stamp of 2036 counts as of now. Offsets of clocks
 * are not subtracted yet. `nowMs` is the receipt of the record in hand; between records the clock ticks. A tick that
 * changes anything is written to the alert journal, with the record it came before, and so is each start. So records,
 * ticks and starts determine everything: processing them again, from a checkpoint or from the beginning, gives the alerts
 * that live gave.
 *
 * A reading in order is judged at once. One older than the time that its point has reached is late: it waits a moment for
 * others of its kind, then all of them are put in their places (`lateness.ts`).
 */
export class Engine {
  readonly #options: EngineOptions
  readonly #matchers: readonly { rule: Rule; matches: (target: Target) => boolean }[]
  readonly #takesUnregistered: boolean
  readonly #routes = new Map<PointKey, Route>()
  readonly #lists = new RouteLists()
  readonly #instances: Instance[] = []
  readonly #conditions = new Map<string, Condition<unknown>>()
  readonly #timers = new Timers()
  readonly #outputs$ = new Subject<{ instance: Instance; output: Output }>()
  readonly #input: Input = emptyInput()
  readonly #wakeInput: Input = emptyInput()
  /** What is still to be applied from the alert journal, in order. */
  #told: Told[] = []
  readonly #settled = new Settled()
  readonly #conclusions: Conclusions
  readonly #lateness: Lateness
  #unregistered = 0
  #isOpening = true
  /** Conditions that were not restored. */
  fresh = 0
  position = 1
  nowMs = 0
  /** Effective time of the newest reading processed; for the lag. */
  newestMs = 0
  readonly counts = { evaluations: 0, late: 0, skewed: 0, unwatched: 0, badRecords: 0, failedConditions: 0 }

  /** Late readings whose neighbours are no longer known, and changes to alerts that are no longer known. */
  get beyondKnowledge(): { readings: number; alerts: number } {
    return { readings: this.#lateness.beyond, alerts: this.#conclusions.unamended }
  }

  constructor(options: EngineOptions) {
    this.#options = options
    this.#matchers = options.rules.map((rule) => ({ rule, matches: matcherOf(rule) }))
    this.#takesUnregistered = options.rules.some((rule) => rule.for.unregistered)
    this.#conclusions = new Conclusions(options.book, this.#settled)
    this.#lateness = new Lateness(this.#timers, this.#conclusions)
  }

  /**
   * Sets the conditions up: from a checkpoint where there is one, then taking note of what the alert journal holds since
   * then. Call once, after the book has been rebuilt from the same two.
   */
  open(from: { checkpoint: Checkpoint | undefined; position: number; entries: readonly Entry[] }): void {
    const { checkpoint, entries } = from
    this.position = from.position
    this.nowMs = checkpoint?.nowMs ?? 0
    for (const entry of entries) {
      if (entry.kind === 'transition') this.#settled.add(entry)
      else this.#told.push(entry)
    }
    this.#outputs$.subscribe(({ instance, output }) => this.#conclusions.say(instance, output))
    for (const registered of pointsOf(this.#options.registry)) {
      const { key, site, device, point } = registered
      this.#connect({ key, site: site.id, device: device.id, metric: point.metric, registered }, checkpoint)
    }
    const open = [...this.#options.book.open()]
    // Points without registration: those of the checkpoint, or of alerts where there is none. Others are met again in time.
    const met = checkpoint === undefined ? open.map(({ subject }) => subject) : Object.keys(checkpoint.points)
    for (const key of met) if (!this.#routes.has(key)) this.#meet(key, checkpoint)
    this.#isOpening = false
    const { rules, book, log } = this.#options
    const used = this.#instances
    warnOfRules(rules, { used, checkpoint, log })
    const willWatch = (alert: Alert) => this.#willWatch(alert)
    returnUnwatched(open, { used, willWatch, nowMs: this.nowMs, book, log })
  }

  /** Still processing what had been processed before; the alert journal knows more than the conditions do. */
  get isRecovering(): boolean {
    return this.#told.length > 0
  }

  get instances(): number {
    return this.#instances.length
  }

  /** Processes the record at `position`; later calls must pass later records. Never throws for what a record holds. */
  take(position: number, record: CentreRecord): void {
    let readings: Readings
    try {
      readings = readingsOf(record)
    } catch (error) {
      this.skip(position, error)
      return
    }
    this.takeReadings(position, record.receivedMs, readings)
  }

  /** The same for a record that has been decoded. */
  takeReadings(position: number, receivedMs: number, readings: Readings): void {
    this.#applyTold(position)
    this.nowMs = receivedMs
    this.#timers.fireUntil(receivedMs)
    const find = (point: PointKey) => this.#routes.get(point) ?? this.#meet(point, undefined)
    const routes = this.#lists.of(readings.points, find)
    for (let s = 0; s < routes.length; s++)
      if (routes[s] !== undefined) this.#evaluate(routes[s]!, readings, s)
    this.position = position + 1
  }

  /** Passes over a record that cannot be read. */
  skip(position: number, error: unknown): void {
    this.counts.badRecords++
    this.#options.log.error(
      { position, problem: messageOf(error) },
      'a record of the journal cannot be read; passed over',
    )
    this.position = position + 1
  }

  /** Everything before `position` has been processed: ticks and starts that came then. */
  catchUp(position: number): void {
    this.#applyTold(position)
  }

  /** The clock goes on while no record comes. Only when there is no record left to process. */
  tick(nowMs: number): void {
    const { book } = this.#options
    const mark = book.mark
    if (this.#tick(nowMs)) book.note('tick', nowMs, { at: mark })
  }

  /** The engine starts, and has heard nothing up to `nowMs`: to be applied once records before `position` are done. */
  resumeAt(position: number, nowMs: number): void {
    this.#told.push({ kind: 'resume', before: position, atMs: nowMs })
  }

  /** All of it that a restart needs; alerts and their position are the book's. */
  snapshot(alerts: readonly Alert[], alertPosition: number): Checkpoint {
    const points: Checkpoint['points'] = {}
    for (const { key, lastMs, arrivedMs, past, judging } of this.#routes.values()) {
      if (Number.isFinite(arrivedMs) || Number.isFinite(lastMs))
        points[key] = [finite(lastMs), finite(arrivedMs), past && keptPast(past, judging!.dueMs)]
    }
    const rules: Checkpoint['rules'] = {}
    for (const { rule, target, condition, cell } of this.#instances) {
      rules[rule.id] ??= { version: rule.version, cells: {} }
      rules[rule.id]!.cells[target.key] = keptCell(cell, condition.stateVersion)
    }
    return {
      position: this.position,
      alertPosition,
      nowMs: this.nowMs,
      points,
      rules,
      alerts: [...alerts],
    }
  }

  #applyTold(position: number): void {
    while (this.#told.length > 0 && this.#told[0]!.before <= position) {
      const { kind, atMs } = this.#told.shift()!
      if (kind === 'tick') this.#tick(atMs)
      else this.#resume(atMs)
    }
  }

  #tick(nowMs: number): boolean {
    this.nowMs = nowMs
    return this.#timers.fireUntil(nowMs)
  }

  #resume(nowMs: number): void {
    this.nowMs = nowMs
    for (const route of this.#routes.values()) {
      this.#wake(route, nowMs, nowMs).kind = 'resume'
      for (const subscriber of [...route.subscribers]) subscriber.next(this.#wakeInput)
    }
  }

  #evaluate(route: Route, { ends, timesMs, values, qualities }: Readings, s: number): void {
    const { subscribers, past } = route
    const { nowMs } = this
    const input = this.#input
    for (let i = s === 0 ? 0 : ends[s - 1]!; i < ends[s]!; i++) {
      const sourceMs = timesMs[i]!
      const value = values[i]!
      const quality = qualities[i]!
      const timeMs = Math.min(sourceMs, nowMs)
      const late = timeMs < route.lastMs
      if (sourceMs > nowMs + maxAheadMs) this.counts.skewed++
      if (late) this.counts.late++
      if (past !== undefined) {
        if (late) this.#lateness.keep(route, { timeMs, value, quality }, nowMs)
        else {
          if (past.isFull) this.#lateness.turn(route)
          past.add(timeMs, value, quality)
        }
      }
      input.kind = 'reading'
      input.timeMs = timeMs
      input.nowMs = nowMs
      input.arrivedMs = route.arrivedMs
      input.value = value
      input.quality = quality
      input.late = late
      const count = subscribers.length
      // Backwards, because one that fails takes itself out.
      for (let n = count - 1; n >= 0; n--) subscribers[n]!.next(input)
      this.counts.evaluations += count
      if (!late) route.lastMs = timeMs
      if (!Number.isNaN(value)) route.arrivedMs = nowMs
    }
    this.newestMs = route.lastMs
  }

  #wake(route: Route, timeMs: number, nowMs: number): Input {
    const input = this.#wakeInput
    input.kind = 'wake'
    input.timeMs = timeMs
    input.nowMs = nowMs
    input.arrivedMs = route.arrivedMs
    input.value = Number.NaN
    return input
  }

  /** A point that no registry names: watched from its first reading, where a rule wants such points. */
  #meet(key: PointKey, checkpoint: Checkpoint | undefined): Route | undefined {
    if (!this.#takesUnregistered) {
      this.counts.unwatched++
      return undefined
    }
    const names = this.#unregistered < maxUnregistered ? parsePointKey(key) : undefined
    if (names === undefined) {
      this.counts.unwatched++
      return undefined
    }
    this.#unregistered++
    return this.#connect({ key, ...names }, checkpoint)
  }

  /** Makes the point's route and subscribes every rule that is for it. */
  #connect(target: Target, checkpoint: Checkpoint | undefined): Route {
    const route = new Route(target.key)
    const [lastMs, arrivedMs] = checkpoint?.points[target.key] ?? [null, null]
    route.lastMs = lastMs ?? Number.NEGATIVE_INFINITY
    route.arrivedMs = arrivedMs ?? Number.NEGATIVE_INFINITY
    this.#routes.set(target.key, route)
    const point = target.registered?.point
    const about = { name: point?.name ?? { zh: target.metric, en: target.metric }, unit: point?.unit ?? '' }
    for (const { rule, matches } of this.#matchers) {
      if (!matches(target)) continue
      const condition = this.#conditionOf(rule, point?.intervalS ?? defaultIntervalS)
      const parts = { rule, target, about, condition }
      const host = this.#hostOf(route)
      const instance = { ...parts, host, cell: this.#cellOf(parts, checkpoint) }
      this.#instances.push(instance)
      if (condition.clock === 'event') route.instances.push(instance)
      route.inputs$.pipe(lift(condition, instance.cell, host)).subscribe({
        next: (output) => this.#outputs$.next({ instance, output }),
        error: (error) => this.#failed(route, instance, error),
      })
    }
    this.#lateness.begin(route, checkpoint?.points[target.key]?.[2])
    return route
  }

  #hostOf(route: Route): Host {
    return {
      timers: this.#timers,
      order: this.#instances.length + 1,
      wake: (timeMs, nowMs) => this.#wake(route, timeMs, nowMs),
      // A reading of that very millisecond would have come before the wake-up: it is late now.
      goneOn: (timeMs) => {
        route.lastMs = Math.max(route.lastMs, timeMs + 0.5)
      },
      nowMs: () => this.nowMs,
    }
  }

  #conditionOf(rule: Rule, intervalS: number): Condition<unknown> {
    const key = `${rule.id} ${intervalS}`
    const condition = this.#conditions.get(key) ?? conditionOf(rule.when, intervalS)
    this.#conditions.set(key, condition)
    return condition
  }

  #cellOf(instance: Omit<Instance, 'cell' | 'host'>, checkpoint: Checkpoint | undefined): Cell {
    const { rule, condition, target } = instance
    const point = target.key
    const restored = restoredCell(condition, rule, { point, checkpoint })
    if (restored !== undefined) return restored
    if (!this.#isOpening) return freshCell(condition)
    this.fresh++
    const alert = this.#options.book.openOf(rule.id, point)
    return adoptingCell(condition, { rule, point, alert, settled: this.#settled })
  }

  /** Whether a rule is for a point that no registry names and that has not been met yet. */
  #willWatch({ rule, subject }: Alert): boolean {
    const names = this.#routes.has(subject) ? undefined : parsePointKey(subject)
    const matches = this.#matchers.find((one) => one.rule.id === rule)?.matches
    return names !== undefined && matches?.({ key: subject, ...names }) === true
  }

  #failed(route: Route, instance: Instance, error: unknown): void {
    const { rule, target } = instance
    this.#lateness.leave(route, instance)
    this.counts.failedConditions++
    this.#options.log.error(
      { rule: rule.id, point: target.key, problem: messageOf(error) },
      'a condition failed and is off until the next start; all others go on',
    )
  }
}

function emptyInput(): Input {
  const arrivedMs = Number.NEGATIVE_INFINITY
  return { kind: 'reading', timeMs: 0, nowMs: 0, arrivedMs, value: 0, quality: 0, late: false }
}
