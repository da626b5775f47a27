import { Observable, type OperatorFunction, Subscriber } from 'rxjs'
import type { Condition, Input, Output, Step } from '../conditions/condition.ts'
import type { Cell } from './cell.ts'
import type { Timer, Timers } from './timers.ts'

/**
 * How long a wake-up on event time waits beyond its due time for readings that are still on their way: gateways hold a
 * batch for up to a second. Readings that come in decide earlier, by their own times.
 */
export const latenessMs = 1_000

/** What a lifted condition takes from the engine, and gives it. */
export interface Host {
  readonly timers: Timers
  /** Its place among all timers. */
  readonly order: number
  /** Fills the engine's one input for a wake-up of this point at a time of the condition's own clock. */
  wake(timeMs: number, nowMs: number): Input
  /** The clock has told that the point's time has gone on to here. */
  goneOn(timeMs: number): void
  /** When what is being processed was received. */
  nowMs(): number
  /** Set by the lift: what wakes the condition, and what ends its stream. */
  timer?: Timer
  fail?: (error: unknown) => void
}

/**
 * Runs a pure condition as an operator: inputs of one point in, what it says out. State lives in the cell, so that it can
 * be checkpointed. A step that throws ends this stream with the error, and no other.
 *
 * A wish to be woken is on the condition's own clock. On event time a reading beyond the wish brings the wake-up first, so
 * that what comes in one piece is judged as if it had come one by one. Between two readings a point's event clock runs on
 * with the clock of arrival, from the last reading's effective time; it never passes arrival, because effective times never
 * do. So a wish for event time T made by a reading (effective E, arrived A) is due at A + (T − E): at once for live data,
 * and after as long a wait for data that comes in from a backlog, where the next reading is likely to be the next line of
 * the same message. A late reading does not come this way on event time: the engine works it out (`rerun.ts`).
 */
export function lift<State>(
  condition: Condition<State>,
  cell: Cell<State>,
  host: Host,
): OperatorFunction<Input, Output> {
  return (inputs$) =>
    new Observable((outputs) => inputs$.subscribe(new Lifted(outputs, { condition, cell, host })))
}

/** Subscriber and timer in one: of these there is one for each rule and point, and each reading passes through them. */
class Lifted<State> extends Subscriber<Input> implements Timer {
  readonly #outputs: Subscriber<Output>
  readonly #condition: Condition<State>
  readonly #cell: Cell<State>
  readonly #host: Host
  readonly #onEventTime: boolean
  readonly order: number
  dueMs = Infinity
  queuedMs = Infinity

  constructor(
    outputs: Subscriber<Output>,
    of: { condition: Condition<State>; cell: Cell<State>; host: Host },
  ) {
    super(outputs)
    this.#outputs = outputs
    this.#condition = of.condition
    this.#cell = of.cell
    this.#host = of.host
    this.#onEventTime = of.condition.clock === 'event'
    this.order = of.host.order
    of.host.timer = this
    of.host.fail = (error) => this.error(error)
    if (of.cell.dueMs !== Infinity) of.host.timers.set(this, of.cell.dueMs)
  }

  protected override _next(input: Input): void {
    if (this.#onEventTime && input.kind === 'reading') {
      if (input.late) return
      while (input.timeMs > this.#cell.wakeMs) this.#wake(this.#cell.wakeMs, input.nowMs)
    }
    this.#take(input)
  }

  fire(nowMs: number): boolean {
    const timeMs = this.#onEventTime ? this.#cell.wakeMs : nowMs
    if (this.#onEventTime) this.#host.goneOn(timeMs)
    return this.#wake(timeMs, nowMs)
  }

  override unsubscribe(): void {
    if (!this.closed) this.#host.timers.set(this, Infinity)
    super.unsubscribe()
  }

  #wake(timeMs: number, nowMs: number): boolean {
    const cell = this.#cell
    cell.wakeMs = Infinity
    cell.dueMs = Infinity
    return this.#take(this.#host.wake(timeMs, nowMs))
  }

  #take(input: Input): boolean {
    const cell = this.#cell
    const heard = this.#onEventTime ? input.timeMs : input.nowMs
    if (heard <= cell.ignoreUntilMs && input.kind === 'reading') return false
    const before = cell.state
    let step: Step<State> | undefined
    try {
      step = this.#condition.step(before, input)
    } catch (error) {
      this.error(error)
      return false
    }
    if (step === undefined) return false
    cell.state = step.state
    const wakeMs = step.wakeAt ?? Infinity
    cell.wakeMs = wakeMs
    const dueMs = this.#onEventTime ? wakeMs + input.nowMs - input.timeMs + latenessMs : wakeMs
    cell.dueMs = dueMs
    this.#host.timers.set(this, dueMs)
    for (const output of step.outputs) this.#outputs.next(output)
    return step.state !== before || step.outputs.length > 0
  }
}
