import type { Cell, Leg } from './cell.ts'
import type { KeptPast } from './checkpoint.ts'
import type { Conclusions, Instance } from './conclusions.ts'
import { type Change, changesBetween, type Episode, episodesIn, pair } from './episodes.ts'
import { latenessMs } from './lift.ts'
import { maxLate, Past } from './past.ts'
import { placeLate, rerun, runAlone } from './rerun.ts'
import type { Route } from './route.ts'
import { type Reading, Span } from './span.ts'
import type { Timers } from './timers.ts'

/** Late readings are judged when none has come for so long, by arrival: their neighbours mostly come with them. */
const settleMs = 2_000
/** But never later than this after the first of them. */
const longestMs = 10_000
/** Late readings that wait, of all points; beyond that a point's are judged at once. */
const maxWaiting = 500_000
/** Timers of points ring after those of conditions that are due at the same moment. */
const afterConditions = 1e9

/**
 * Puts late readings in their places: conditions on event time are run again from the nearest place before them whose state
 * is known, and what is then otherwise than it was said is said: an alert amended, withdrawn, or found. Where the readings
 * about that place are no longer known, late ones are judged by themselves, and nothing that was said is changed.
 */
export class Lateness {
  readonly #timers: Timers
  readonly #conclusions: Conclusions
  #waiting = 0
  #routes = 0
  /** Late readings that were judged by themselves. */
  beyond = 0

  constructor(timers: Timers, conclusions: Conclusions) {
    this.#timers = timers
    this.#conclusions = conclusions
  }

  /** The past of a point whose conditions stand: as it was kept, if all of them go on from the same checkpoint. */
  begin(route: Route, kept: KeptPast | undefined): void {
    const { instances } = route
    if (instances.length === 0) return
    this.#routes++
    const order = afterConditions + this.#routes
    const fire = () => this.judge(route)
    route.judging = { dueMs: Infinity, queuedMs: Infinity, order, fire }
    const spans = kept?.spans
    if (spans === undefined || instances.some(({ cell }) => cell.legs.length !== spans.length)) {
      route.past = new Past([Span.of(route.lastMs, [])])
      for (const { cell } of instances) cell.legs = [firstLeg(cell)]
    } else {
      route.past = new Past(spans)
      for (const reading of kept?.late ?? []) this.#wait(route, reading)
      route.past.lateSinceMs = kept?.lateSinceMs ?? Infinity
      this.#timers.set(route.judging, kept?.dueMs ?? Infinity)
    }
    for (const { cell } of instances) route.past.cells.push(cell)
  }

  /** A late reading: it waits. */
  keep(route: Route, reading: Reading, nowMs: number): void {
    const past = route.past!
    past.lateSinceMs = Math.min(past.lateSinceMs, nowMs)
    this.#wait(route, reading)
    if (past.late.length >= maxLate || this.#waiting > maxWaiting) this.judge(route)
    else this.#timers.set(route.judging!, Math.min(nowMs + settleMs, past.lateSinceMs + longestMs))
  }

  /** The open span is full: another begins, and an old one may be given up, so late readings are judged before that. */
  turn(route: Route): void {
    const past = route.past!
    this.judge(route)
    if (past.isFull) past.turn(route.lastMs)
  }

  /** A condition of the point has failed. */
  leave(route: Route, instance: Instance): void {
    const { instances, past } = route
    if (!instances.includes(instance)) return
    instances.splice(instances.indexOf(instance), 1)
    past?.cells.splice(past.cells.indexOf(instance.cell), 1)
  }

  /** Judges what waits; whether there was anything. */
  judge(route: Route): boolean {
    const past = route.past!
    if (past.late.length === 0) return false
    this.#waiting -= past.late.length
    this.#timers.set(route.judging!, Infinity)
    const { pieces, beyond } = placeLate(past)
    past.late = []
    past.lateSinceMs = Infinity
    this.beyond += beyond.length
    const revised = [...route.instances].flatMap((instance) => {
      try {
        return [{ instance, ...this.#rerun(instance, { pieces, beyond, frontMs: route.lastMs }) }]
      } catch (error) {
        instance.host.fail?.(error)
        return []
      }
    })
    past.spans = pieces.map(({ span }) => span)
    for (const { instance, before, changes } of revised) this.#conclusions.revise(instance, before, changes)
    past.prune(route.lastMs)
    return true
  }

  #rerun(
    instance: Instance,
    of: Parameters<typeof rerun>[2] & { beyond: readonly Reading[] },
  ): { before: Episode[]; changes: Change[] } {
    const { condition, cell, host } = instance
    const before = episodesIn(cell.legs)
    const { legs, now } = rerun(condition, cell, of)
    cell.legs = legs
    if (now !== undefined) {
      Object.assign(cell, now)
      cell.dueMs = now.wakeMs === Infinity ? Infinity : host.nowMs() + now.wakeMs - of.frontMs + latenessMs
      this.#timers.set(host.timer!, cell.dueMs)
    }
    const fit = of.beyond.filter(({ timeMs }) => timeMs > cell.ignoreUntilMs)
    const alone = fit.length === 0 ? [] : pair(runAlone(condition, fit))
    const found = alone.filter((episode) => !this.#conclusions.isKnown(instance, episode))
    const changes = changesBetween(before, episodesIn(legs))
    return { before, changes: [...changes, ...found.map((after) => ({ kind: 'find' as const, after }))] }
  }

  #wait(route: Route, reading: Reading): void {
    route.past!.late.push(reading)
    this.#waiting++
  }
}

/** Where the past begins: what is known of a condition then, and of the alert that it has open. */
function firstLeg({ state, wakeMs, legs }: Cell): Leg {
  const last = legs.flatMap(({ said }) => said).at(-1)
  return { state, wakeMs, said: last?.kind === 'set' ? [last] : [] }
}
