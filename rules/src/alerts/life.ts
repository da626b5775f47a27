import { createHash } from 'node:crypto'
import type { Alert, Transition } from '@farwatch/model'

/** What an alert is about and says; everything of it but its life. */
export type AlertHead = Pick<
  Alert,
  'rule' | 'ruleVersion' | 'subject' | 'site' | 'level' | 'title' | 'why' | 'unit' | 'limit'
>

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

/** The alert keeps its first transition and the newest; a chattering one has thousands, all of them in the database. */
export const keptTransitions = 100

/**
 * One step of an alert's life (ISA-18.2 / IEC 62682): normal, unacknowledged, acknowledged, returned unacknowledged. Pure;
 * returns the same object where the event changes nothing. Each event makes at most one transition; the one that ends
 * the alert is called `closed`, with `by` where the operator's acknowledgement ended it. A condition that sets after that
 * begins another alert.
 */
export function advance(alert: Alert, event: AlertEvent, nowMs: number): Alert
export function advance(alert: Alert | undefined, event: AlertEvent, nowMs: number): Alert | undefined
export function advance(alert: Alert | undefined, event: AlertEvent, nowMs: number): Alert | undefined {
  if (event.kind === 'set') {
    if (alert === undefined || alert.state === 'normal') return raise(event, nowMs)
    if (alert.state !== 'returned-unacknowledged') return alert
    const raised = { ...alert, state: 'unacknowledged' as const, why: event.head.why, returnedMs: null }
    return step({ ...raised, worst: worse(alert, event.value) }, 'raised-again', event, nowMs)
  }
  if (alert === undefined || alert.state === 'normal') return alert
  if (event.kind === 'acknowledge') {
    if (alert.state === 'acknowledged') return alert
    return alert.state === 'unacknowledged'
      ? step({ ...alert, state: 'acknowledged' }, 'acknowledged', event, nowMs)
      : step({ ...alert, state: 'normal' }, 'closed', event, nowMs)
  }
  if (alert.state === 'returned-unacknowledged') return alert
  const returned = { ...alert, worst: worse(alert, event.worst), returnedMs: event.atMs }
  return alert.state === 'acknowledged'
    ? step({ ...returned, state: 'normal' }, 'closed', event, nowMs)
    : step({ ...returned, state: 'returned-unacknowledged' }, 'returned', event, nowMs)
}

function raise(event: AlertEvent & { kind: 'set' }, nowMs: number): Alert {
  const { head, atMs, value } = event
  const alert: Alert = {
    id: alertId(head, atMs),
    ...head,
    state: 'unacknowledged',
    value,
    worst: value,
    setMs: atMs,
    returnedMs: null,
    transitions: [],
  }
  return step(alert, 'raised', event, nowMs)
}

/** The same rule, version, subject and set time give the same id: on replay, on another machine, for ever. */
export function alertId(head: Pick<Alert, 'rule' | 'ruleVersion' | 'subject'>, setMs: number): string {
  const cause = JSON.stringify([head.rule, head.ruleVersion, head.subject, setMs])
  return createHash('sha256').update(cause).digest('hex').slice(0, 32)
}

function step(alert: Alert, kind: Transition['kind'], event: AlertEvent, nowMs: number): Alert {
  const act = event.kind === 'acknowledge' ? event : undefined
  return withTransition(alert, {
    n: (alert.transitions.at(-1)?.n ?? 0) + 1,
    kind,
    state: alert.state,
    atMs: event.atMs,
    recordedMs: nowMs,
    by: act?.by ?? null,
    comment: act?.comment ?? (event.kind === 'return' ? event.comment : undefined) ?? null,
    value: event.kind === 'acknowledge' ? null : event.value,
  })
}

/** Adds a transition, dropping from the middle beyond what is kept. */
export function withTransition(alert: Alert, transition: Transition): Alert {
  const { transitions } = alert
  const kept =
    transitions.length < keptTransitions
      ? transitions
      : [transitions[0]!, ...transitions.slice(transitions.length - keptTransitions + 2)]
  return { ...alert, transitions: [...kept, transition] }
}

/** The value further beyond the limit; on which side that is, the value that set the alert tells. */
function worse(alert: Alert, value: number | null): number | null {
  if (value === null || alert.worst === null || alert.limit === null) return alert.worst ?? value
  const low = alert.value !== null && alert.value < alert.limit
  return low ? Math.min(alert.worst, value) : Math.max(alert.worst, value)
}
