import type { Alert } from '@farwatch/model'
import type { Condition } from '../conditions/condition.ts'
import type { Rule } from '../language/rule.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { Settled } from './settled.ts'

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

type Kept = Checkpoint['rules'][string]['cells'][string]

export function freshCell(condition: Condition<unknown>): Cell {
  return {
    state: condition.initial(false),
    dueMs: Infinity,
    outputs: 0,
    ignoreUntilMs: Number.NEGATIVE_INFINITY,
  }
}

/** A fresh cell that goes on from what is known of its alert, where an earlier version of the rule left off. */
export function adoptingCell(
  condition: Condition<unknown>,
  of: { rule: Rule; point: string; alert: Alert | undefined; settled: Settled },
): Cell {
  const { rule, point, alert, settled } = of
  const { setMs = Number.NEGATIVE_INFINITY, returnedMs = null } = alert ?? {}
  return {
    ...freshCell(condition),
    state: condition.initial(alert !== undefined && returnedMs === null),
    outputs: settled.outputs(rule, point),
    ignoreUntilMs: Math.max(settled.newestMs(rule, point), setMs, returnedMs ?? Number.NEGATIVE_INFINITY),
  }
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
  const [stateVersion, state, dueMs, outputs, ignoreUntilMs] = cell
  const parsed = condition.schema.safeParse(state)
  if (stateVersion !== condition.stateVersion || !parsed.success) return undefined
  return {
    state: parsed.data,
    dueMs: dueMs ?? Infinity,
    outputs,
    ignoreUntilMs: ignoreUntilMs ?? Number.NEGATIVE_INFINITY,
  }
}

/** As a checkpoint keeps it. */
export function keptCell({ state, dueMs, outputs, ignoreUntilMs }: Cell, stateVersion: number): Kept {
  return [stateVersion, state, finite(dueMs), outputs, finite(ignoreUntilMs)]
}

/** JSON has no infinities. */
export function finite(time: number): number | null {
  return Number.isFinite(time) ? time : null
}
