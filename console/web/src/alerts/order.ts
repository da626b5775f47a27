import type { Alert } from '@farwatch/model'
import { isUnacknowledged, rankOf } from '../design/levels.ts'

/** How long a closed alert stays in sight. */
const closedForMs = 60 * 60_000

export interface AlertOrder {
  /** Unacknowledged first, then by level, then newest first. */
  readonly open: readonly Alert[]
  /** Closed within the last hour, newest first. */
  readonly closed: readonly Alert[]
}

export function orderAlerts(alerts: Iterable<Alert>, nowMs: number): AlertOrder {
  const open: Alert[] = []
  const closed: Alert[] = []
  for (const alert of alerts) {
    if (alert.state !== 'normal') open.push(alert)
    else if (nowMs - endedMs(alert) < closedForMs) closed.push(alert)
  }
  open.sort(
    (a, b) =>
      Number(isUnacknowledged(b)) - Number(isUnacknowledged(a)) ||
      rankOf(a.level) - rankOf(b.level) ||
      b.setMs - a.setMs ||
      (a.id < b.id ? -1 : 1),
  )
  closed.sort((a, b) => endedMs(b) - endedMs(a))
  return { open, closed }
}

export function endedMs(alert: Alert): number {
  return alert.transitions.at(-1)?.atMs ?? alert.returnedMs ?? alert.setMs
}

/**
 * Who acknowledged it last and when, if anyone did since it was last raised. After the return the acknowledgement is
 * what closes the alert.
 */
export function acknowledgement(alert: Alert): { readonly by: string; readonly atMs: number } | undefined {
  for (let i = alert.transitions.length - 1; i >= 0; i--) {
    const transition = alert.transitions[i]!
    const { kind, by, atMs } = transition
    if (kind === 'acknowledged' || (kind === 'closed' && by !== null)) return { by: by ?? '', atMs }
    if (kind === 'raised-again') return undefined
  }
  return undefined
}
