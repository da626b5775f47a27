import { Subscriber } from 'rxjs'
import type { Input, Output } from '../conditions/condition.ts'
import type { Instance } from './conclusions.ts'
import type { Host, Woken } from './lift.ts'
import type { Route } from './route.ts'
import type { Timers } from './timers.ts'

/** What the engine does for all conditions alike. */
export interface Centre {
  readonly timers: Timers
  touch(route: Route): void
  wake(route: Route, timeMs: number, nowMs: number): Input
  nowMs(): number
  say(instance: Instance, output: Output): void
  failed(route: Route, instance: Instance, error: unknown): void
}

/** The engine as one condition of one point sees it. A class, because there are hundreds of thousands. */
export class PointHost implements Host {
  readonly #centre: Centre
  readonly #route: Route
  readonly order: number
  woken: Woken | undefined = undefined

  constructor(centre: Centre, route: Route, order: number) {
    this.#centre = centre
    this.#route = route
    this.order = order
  }

  get timers(): Timers {
    return this.#centre.timers
  }

  touch(): void {
    this.#centre.touch(this.#route)
  }

  wake(timeMs: number, nowMs: number): Input {
    return this.#centre.wake(this.#route, timeMs, nowMs)
  }

  /** A reading of that very millisecond would have come before the wake-up: it is late now. */
  goneOn(timeMs: number): void {
    this.#route.lastMs = Math.max(this.#route.lastMs, timeMs + 0.5)
  }

  nowMs(): number {
    return this.#centre.nowMs()
  }
}

/** Where the outputs of one condition of one point come out. */
export class Outlet extends Subscriber<Output> {
  readonly #centre: Centre
  readonly #route: Route
  readonly #instance: Instance

  constructor(centre: Centre, route: Route, instance: Instance) {
    super()
    this.#centre = centre
    this.#route = route
    this.#instance = instance
  }

  protected override _next(output: Output): void {
    this.#centre.say(this.#instance, output)
  }

  protected override _error(error: unknown): void {
    this.unsubscribe()
    this.#centre.failed(this.#route, this.#instance, error)
  }
}
