import type { Alert } from '@farwatch/model'
import { isCalling, isUnacknowledged, rankOf } from '../design/levels.ts'

/** How long a closed alert stays in sight. */
const closedForMs = 60 * 60_000

export interface AlertOrder {
  /** What calls first, then late findings to look at, then the others; each by level, then newest first. */
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
      Number(isCalling(b)) - Number(isCalling(a)) ||
      Number(isUnacknowledged(b)) - Number(isUnacknowledged(a)) ||
      rankOf(a.level) - rankOf(b.level) ||
      b.setMs - a.setMs ||
      (a.id < b.id ? -1 : 1),
  )
  closed.sort((a, b) => endedMs(b) - endedMs(a))
  return { open, closed }
}

export function endedMs(alert: Alert): number {
  const last = alert.transitions.at(-1)
  if (last === undefined) return alert.returnedMs ?? alert.setMs
  // What late data ended, ended when they came.
  return isByLateData(last) ? last.recordedMs : last.atMs
}

/** What data that came late have to do with it, and when the centre recorded that; undefined: nothing. */
export function lateness(
  alert: Alert,
): { readonly kind: 'late' | 'amended' | 'withdrawn'; readonly recordedMs: number } | undefined {
  const last = alert.transitions.findLast(isByLateData)
  const [first] = alert.transitions
  if (last?.kind === 'withdrawn') return { kind: 'withdrawn', recordedMs: last.recordedMs }
  if (alert.late) return { kind: 'late', recordedMs: first?.recordedMs ?? alert.setMs }
  return last && { kind: 'amended', recordedMs: last.recordedMs }
}

function isByLateData({ kind }: Alert['transitions'][number]): boolean {
  return kind === 'raised-late' || kind === 'amended' || kind === 'withdrawn'
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
