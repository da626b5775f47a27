import { Observable, type OperatorFunction } from 'rxjs'
import type { Condition, Input, Output } from '../conditions/condition.ts'
import type { Timer, Timers } from './timers.ts'

/** All that one condition of one point has to remember; what a checkpoint keeps. */
export interface Cell<State = unknown> {
  state: State
  /** When it wants to be woken, by the time of what is being processed; Infinity: not at all. */
  dueMs: number
  /** Outputs so far: the same number stands for the same output on every replay. */
  outputs: number
  /** Readings up to here have had their effect in an earlier life. */
  ignoreUntilMs: number
}

/**
 * How long a wake-up on event time waits beyond its due time for readings that are still on their way: gateways hold a
 * batch for up to a second. Readings that come in decide earlier, by their own times.
 */
export const latenessMs = 1_000

/** What a lifted condition takes from the engine. */
export interface Host {
  readonly timers: Timers
  /** Fills the engine's one input for a wake-up of this point. */
  wake(nowMs: number): Input
  /** Its place among all timers. */
  readonly order: number
}

/**
 * Runs a pure condition as an operator: inputs of one point in, what it says out. State lives in the cell, so that it can
 * be checkpointed.
 *
 * A wish to be woken is on the condition's own clock. Between two readings a point's event clock runs on with the clock of
 * arrival, from the last reading's effective time; it never passes arrival, because effective times never do. So a wish for
 * event time T made by a reading (effective E, arrived A) is due at A + (T − E): at once for live data, and after as long a
 * wait for data that comes in from a backlog, where the next reading is likely to be the next line of the same message.
 */
export function lift<State>(
  condition: Condition<State>,
  cell: Cell<State>,
  host: Host,
): OperatorFunction<Input, Output> {
  const { timers } = host
  const onEventTime = condition.clock === 'event'
  return (inputs$) =>
    new Observable((subscriber) => {
      const take = (input: Input): boolean => {
        if ((onEventTime ? input.timeMs : input.nowMs) <= cell.ignoreUntilMs && input.kind === 'reading')
          return false
        const before = cell.state
        const step = condition.step(before, input)
        if (step === undefined) return false
        cell.state = step.state
        let dueMs = step.wakeAt ?? Infinity
        if (onEventTime) dueMs += input.nowMs - input.timeMs + latenessMs
        cell.dueMs = dueMs
        timers.set(timer, dueMs)
        for (const output of step.outputs) subscriber.next(output)
        return step.state !== before || step.outputs.length > 0
      }
      const fail = (error: unknown): false => {
        timers.set(timer, Infinity)
        subscriber.error(error)
        return false
      }
      const timer: Timer = {
        dueMs: Infinity,
        queuedMs: Infinity,
        order: host.order,
        fire(nowMs) {
          cell.dueMs = Infinity
          try {
            return take(host.wake(nowMs))
          } catch (error) {
            return fail(error)
          }
        },
      }
      if (cell.dueMs !== Infinity) timers.set(timer, cell.dueMs)
      const upstream = inputs$.subscribe({
        next(input) {
          try {
            take(input)
          } catch (error) {
            fail(error)
          }
        },
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      })
      return () => {
        timers.set(timer, Infinity)
        upstream.unsubscribe()
      }
    })
}
