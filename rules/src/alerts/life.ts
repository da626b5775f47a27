import type { Alert } from '@farwatch/model'
import { advanceLate, type LateEvent } from './late-life.ts'
import { type AlertHead, begin, goesOn, step, worse } from './step.ts'

export type AlertEvent =
  | { readonly kind: 'set'; readonly atMs: number; readonly value: number | null; readonly head: AlertHead }
  | {
      readonly kind: 'return'
      readonly atMs: number
      readonly value: number | null
      readonly worst: number | null
      readonly comment?: string
    }
  | {
      readonly kind: 'acknowledge'
      readonly atMs: number
      readonly by: string
      readonly comment: string | null
    }
  | LateEvent

/**
 * One step of an alert's life (ISA-18.2 / IEC 62682): normal, unacknowledged, acknowledged, returned unacknowledged. Pure;
 * returns the same object where the event changes nothing. Each event makes at most one transition; the one that ends
 * the alert is called `closed`, with `by` where the operator's acknowledgement ended it. A condition that sets after that
 * begins another alert, unless it is the very same time that it set: then it goes on.
 */
export function advance(alert: Alert, event: AlertEvent, nowMs: number): Alert
export function advance(alert: Alert | undefined, event: AlertEvent, nowMs: number): Alert | undefined
export function advance(alert: Alert | undefined, event: AlertEvent, nowMs: number): Alert | undefined {
  if (event.kind === 'set') {
    if (alert === undefined || !goesOn(alert, event.head, event.atMs)) {
      const raised = begin(event.head, event.atMs, event.value)
      return step({ ...raised, state: 'unacknowledged' }, 'raised', { ...event, nowMs })
    }
    if (alert.returnedMs === null) return alert
    const setMs = alert.state === 'normal' ? event.atMs : Math.min(alert.setMs, event.atMs)
    const raised = { ...alert, state: 'unacknowledged' as const, late: false, setMs, returnedMs: null }
    const { why } = event.head
    return step({ ...raised, why, worst: worse(alert, event.value) }, 'raised-again', { ...event, nowMs })
  }
  if (event.kind === 'find' || event.kind === 'amend' || event.kind === 'withdraw') {
    return advanceLate(alert, event, nowMs)
  }
  if (alert === undefined || alert.state === 'normal') return alert
  if (event.kind === 'acknowledge') {
    const act = { ...event, value: null, nowMs }
    if (alert.state === 'acknowledged') return alert
    return alert.state === 'unacknowledged'
      ? step({ ...alert, state: 'acknowledged' }, 'acknowledged', act)
      : step({ ...alert, state: 'normal' }, 'closed', act)
  }
  if (alert.state === 'returned-unacknowledged') return alert
  const returned = { ...alert, worst: worse(alert, event.worst), returnedMs: event.atMs }
  return alert.state === 'acknowledged'
    ? step({ ...returned, state: 'normal' }, 'closed', { ...event, nowMs })
    : step({ ...returned, state: 'returned-unacknowledged' }, 'returned', { ...event, nowMs })
}
