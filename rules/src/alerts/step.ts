import { createHash } from 'node:crypto'
import type { Alert, Transition } from '@farwatch/model'

/** What an alert is about and says; everything of it but its life. */
export type AlertHead = Pick<
  Alert,
  'rule' | 'ruleVersion' | 'subject' | 'site' | 'level' | 'title' | 'why' | 'unit' | 'limit'
>

/** The alert keeps its first transition and the newest; a chattering one has thousands, all of them in the database. */
export const keptTransitions = 100

/** Whether what set then belongs to this alert: it is open, or it is the one that set then. */
export function goesOn(alert: Alert, head: AlertHead, setMs: number): boolean {
  return alert.state !== 'normal' || alert.id === alertId(head, setMs)
}

/** An alert without a transition. */
export function begin(head: AlertHead, setMs: number, value: number | null): Alert {
  return {
    id: alertId(head, setMs),
    ...head,
    state: 'normal',
    late: false,
    value,
    worst: value,
    setMs,
    returnedMs: null,
    transitions: [],
  }
}

/** The same rule, version, subject and set time give the same id: on replay, on another machine, for ever. */
export function alertId(head: Pick<Alert, 'rule' | 'ruleVersion' | 'subject'>, setMs: number): string {
  const cause = JSON.stringify([head.rule, head.ruleVersion, head.subject, setMs])
  return createHash('sha256').update(cause).digest('hex').slice(0, 32)
}

/** The alert as it is now, with the transition that made it so. */
export function step(
  alert: Alert,
  kind: Transition['kind'],
  of: { atMs: number; nowMs: number; value: number | null; by?: string; comment?: string | null },
): Alert {
  return withTransition(alert, {
    n: (alert.transitions.at(-1)?.n ?? 0) + 1,
    kind,
    state: alert.state,
    atMs: of.atMs,
    recordedMs: of.nowMs,
    by: of.by ?? null,
    comment: of.comment ?? null,
    value: of.value,
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
export function worse(alert: Alert, value: number | null): number | null {
  if (value === null || alert.worst === null || alert.limit === null) return alert.worst ?? value
  const low = alert.value !== null && alert.value < alert.limit
  return low ? Math.min(alert.worst, value) : Math.max(alert.worst, value)
}
