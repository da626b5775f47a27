import type { AlarmState, Alert } from '@farwatch/model'
import { type AlertHead, begin, goesOn, step, worse } from './step.ts'

/** What readings that came after newer ones of their point do to alerts. */
export type LateEvent =
  /** A crossing that is over. */
  | {
      readonly kind: 'find'
      readonly setMs: number
      readonly returnedMs: number
      readonly value: number | null
      readonly worst: number | null
      readonly head: AlertHead
    }
  /** The alert's times are others; `atMs`: the one of them that the readings have changed. */
  | {
      readonly kind: 'amend'
      readonly atMs: number
      readonly setMs: number
      readonly returnedMs: number | null
      readonly worst: number | null
    }
  /** It never was. `atMs`: when it was thought to have set. */
  | { readonly kind: 'withdraw'; readonly atMs: number }

const comments = {
  find: '迟到数据中的越限 / a crossing in data that came late',
  amend: '依据迟到数据更正 / amended by data that came late',
  withdraw: '依据迟到数据撤回 / withdrawn by data that came late',
}

/** As `advance`, for what came late. */
export function advanceLate(alert: Alert | undefined, event: LateEvent, nowMs: number): Alert | undefined {
  const comment = comments[event.kind]
  if (event.kind === 'find') return find(alert, event, { nowMs, comment })
  if (alert === undefined) return undefined
  if (event.kind === 'withdraw') {
    const { atMs } = event
    const over = { ...alert, state: 'normal' as const, returnedMs: alert.returnedMs ?? alert.setMs }
    return step(over, 'withdrawn', { atMs, nowMs, value: null, comment })
  }
  const { atMs, setMs, returnedMs } = event
  const worst = worse(alert, event.worst)
  const same = setMs === alert.setMs && returnedMs === alert.returnedMs && worst === alert.worst
  if (same) return alert
  const state = stateAfter(alert, returnedMs)
  const late = alert.late && returnedMs !== null
  const amended = { ...alert, setMs, returnedMs, worst, state, late }
  return step(amended, 'amended', { atMs, nowMs, value: null, comment })
}

function find(
  alert: Alert | undefined,
  event: LateEvent & { kind: 'find' },
  { nowMs, comment }: { nowMs: number; comment: string },
): Alert {
  const { head, setMs, returnedMs, value } = event
  const about = { atMs: setMs, nowMs, value, comment }
  if (alert === undefined || !goesOn(alert, head, setMs)) {
    const found = { ...begin(head, setMs, value), returnedMs, late: true }
    const worst = worse(found, event.worst)
    return step({ ...found, worst, state: 'returned-unacknowledged' }, 'raised', about)
  }
  const worst = worse(alert, event.worst)
  if (alert.state === 'normal') {
    const found = {
      ...alert,
      state: 'returned-unacknowledged' as const,
      late: true,
      setMs,
      returnedMs,
      worst,
    }
    return step(found, 'raised-late', about)
  }
  const joined = {
    ...alert,
    setMs: Math.min(alert.setMs, setMs),
    returnedMs: alert.returnedMs === null ? null : Math.max(alert.returnedMs, returnedMs),
    worst,
  }
  return step(joined, 'raised-late', about)
}

/** An alert that is active after all asks again; one that is not needs no more than it has been given. */
function stateAfter({ state, returnedMs: before }: Alert, returnedMs: number | null): AlarmState {
  if ((before === null) === (returnedMs === null)) return state
  if (returnedMs === null) return 'unacknowledged'
  return state === 'acknowledged' ? 'normal' : 'returned-unacknowledged'
}
