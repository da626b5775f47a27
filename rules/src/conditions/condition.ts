import type { Quality, Text } from '@farwatch/model'
import type { z } from 'zod'

/**
 * What reaches a condition. The engine uses one object over and over: a step must not keep it.
 *
 * - `reading`: a value of the point. `value` is NaN where none was read.
 * - `wake`: the time asked for with `wakeAt` has come and no reading has changed the wish.
 * - `resume`: the centre could not hear anything before `nowMs` (it was not running).
 */
export interface Input {
  kind: 'reading' | 'wake' | 'resume'
  /** Effective time of the reading, Unix ms; never after `nowMs`. Of a wake: the time asked for. Of a resume: `nowMs`. */
  timeMs: number
  /** Arrival: when the centre received what is being processed, Unix ms. Nothing for conditions on event time to look at. */
  nowMs: number
  /** Arrival of the point's newest value before this input; -Infinity when there has been none. As `nowMs`. */
  arrivedMs: number
  value: number
  quality: Quality
  /** Older than a reading that has already been judged. Only conditions on the clock of arrival are given such readings. */
  late: boolean
}

/** The condition set or returned. `value` and `worst` are null where no figure belongs to it. */
export interface Output {
  readonly kind: 'set' | 'return'
  /** On the condition's own clock, Unix ms. */
  readonly atMs: number
  readonly value: number | null
  /** The worst value since it set. */
  readonly worst: number | null
}

export interface Step<State> {
  readonly state: State
  readonly outputs: readonly Output[]
  /** When to be woken, on the condition's own clock; replaces the wish before it. None: not at all. */
  readonly wakeAt?: number
}

/** One kind of condition, set up for one rule; shared by all points of the same interval, so it holds nothing of them. */
export interface Condition<State> {
  /**
   * `event`: times are effective times of readings, and readings come in their order: late ones are put in their places and
   * the condition is run again from there. `arrival`: times are when the centre received them.
   */
  readonly clock: 'event' | 'arrival'
  /** The limit as shown with the alert, null without one. */
  readonly limit: number | null
  /** Grows when the meaning of `schema` changes; state of another version is not restored. */
  readonly stateVersion: number
  readonly schema: z.ZodType<State>
  /** State to begin with: knowing nothing, or taking over an alert that is active already. */
  initial(active: boolean): State
  /**
   * Pure: the same state and input give the same step. Undefined: all stays as it is, the wake-up too; that is the usual
   * answer and costs no allocation.
   */
  step(state: State, input: Input): Step<State> | undefined
  /** Why it set, with the figures, for a person. */
  why(output: Output, about: About): Text
}

/** What a person knows a point by. */
export interface About {
  readonly name: Text
  readonly unit: string
}

export const noOutputs: readonly Output[] = []

/** A figure as people write it: at most six significant digits, no trailing zeros. */
export function figure(value: number): string {
  return String(Number(value.toPrecision(6)))
}

/** Cuts to what `Text` holds. */
export function text(zh: string, en: string): Text {
  return { zh: zh.slice(0, 200), en: en.slice(0, 200) }
}
