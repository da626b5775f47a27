import type { Alert } from '@farwatch/model'
import type { Condition, Output } from '../conditions/condition.ts'
import type { Rule } from '../language/rule.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { Settled } from './settled.ts'

/** An output; of a `set` what was told of it: the alert that it went to, and the time at which it was first said to have set. */
export type Said = Output & { told: Told | undefined }

export interface Told {
  readonly alert: string
  readonly atMs: number
}

/** A condition where a span of its point's past begins, and what it has said since, up to the next. */
export interface Leg {
  readonly state: unknown
  readonly wakeMs: number
  readonly said: Said[]
}

/** All that one condition of one point has to remember; what a checkpoint keeps. */
export interface Cell<State = unknown> {
  state: State
  /** When it wants to be woken, by its own clock; Infinity: not at all. */
  wakeMs: number
  /** When that is due, by the time of what is being processed; Infinity: not at all. */
  dueMs: number
  /** Outputs so far: the same number stands for the same output on every replay. */
  outputs: number
  /** Readings up to here have had their effect in an earlier life. */
  readonly ignoreUntilMs: number
  /** One for each span of the point's past; none on the clock of arrival. */
  legs: Leg[]
}

type Kept = Checkpoint['rules'][string]['cells'][string]

export function freshCell<State>(condition: Condition<State>): Cell<State> {
  return {
    state: condition.initial(false),
    wakeMs: Infinity,
    dueMs: Infinity,
    outputs: 0,
    ignoreUntilMs: Number.NEGATIVE_INFINITY,
    legs: [],
  }
}

/** A fresh cell that goes on from what is known of its alert, where an earlier version of the rule left off. */
export function adoptingCell(
  condition: Condition<unknown>,
  of: { rule: Rule; point: string; alert: Alert | undefined; settled: Settled },
): Cell {
  const { rule, point, alert, settled } = of
  const { setMs = Number.NEGATIVE_INFINITY, returnedMs = null } = alert ?? {}
  const active = alert !== undefined && returnedMs === null ? alert : undefined
  const state = condition.initial(active !== undefined)
  const said: Said[] = active ? [adoptedSet(active)] : []
  return {
    ...freshCell(condition),
    state,
    legs: [{ state, wakeMs: Infinity, said }],
    outputs: settled.outputs(rule, point),
    ignoreUntilMs: Math.max(settled.newestMs(rule, point), setMs, returnedMs ?? Number.NEGATIVE_INFINITY),
  }
}

function adoptedSet({ setMs, value, worst, id }: Alert): Said {
  return { kind: 'set', atMs: setMs, value, worst, told: { alert: id, atMs: setMs } }
}

/** The cell of a checkpoint; undefined where there is none of this version of rule and state. */
export function restoredCell(
  condition: Condition<unknown>,
  rule: Rule,
  of: { point: string; checkpoint: Checkpoint | undefined },
): Cell | undefined {
  const kept = of.checkpoint?.rules[rule.id]
  const cell = kept?.version === rule.version ? kept.cells[of.point] : undefined
  if (cell === undefined) return undefined
  const [stateVersion, state, wakeMs, dueMs, outputs, ignoreUntilMs, legs] = cell
  if (stateVersion !== condition.stateVersion || !condition.schema.safeParse(state).success) return undefined
  return {
    state,
    wakeMs: wakeMs ?? Infinity,
    dueMs: dueMs ?? Infinity,
    outputs,
    ignoreUntilMs: ignoreUntilMs ?? Number.NEGATIVE_INFINITY,
    legs: legs.map(([state, wakeMs, said]) => ({
      state,
      wakeMs: wakeMs ?? Infinity,
      said: said.map(([kind, atMs, value, worst, told]) => ({
        ...{ kind, atMs, value, worst },
        told: told === null ? undefined : { alert: told[0], atMs: told[1] },
      })),
    })),
  }
}

/** As a checkpoint keeps it. */
export function keptCell(cell: Cell, stateVersion: number): Kept {
  const { state, wakeMs, dueMs, outputs, ignoreUntilMs, legs } = cell
  return [
    ...([stateVersion, state, finite(wakeMs), finite(dueMs), outputs, finite(ignoreUntilMs)] as const),
    legs.map(({ state, wakeMs, said }) => [
      state,
      finite(wakeMs),
      said.map(({ kind, atMs, value, worst, told }) => [
        ...([kind, atMs, value, worst] as const),
        told ? [told.alert, told.atMs] : null,
      ]),
    ]),
  ]
}

/** JSON has no infinities. */
export function finite(time: number): number | null {
  return Number.isFinite(time) ? time : null
}
