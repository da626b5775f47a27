import { z } from 'zod'
import { Level } from './level.ts'
import { Name } from './names.ts'
import { Text } from './registry.ts'

/** States of an alarm, ISA-18.2 / IEC 62682. `normal` means over: the alert is closed. */
export const alarmStates = ['unacknowledged', 'acknowledged', 'returned-unacknowledged', 'normal'] as const
export const AlarmState = z.enum(alarmStates)
export type AlarmState = z.infer<typeof AlarmState>

/**
 * `closed` is whatever ended the alert: the acknowledgement of one that had returned (`by` says whose), or the return of
 * an acknowledged one (`by` null). The last three are what readings have done that came after newer ones of their point:
 * `raised-late` adds a crossing that is over to an open alert, `amended` moves the alert's set or return time, `withdrawn`
 * ends one that was raised for want of them.
 */
export const transitionKinds = [
  'raised',
  'acknowledged',
  'returned',
  'raised-again',
  'closed',
  'raised-late',
  'amended',
  'withdrawn',
] as const

/** One step in an alert's life; `n` counts from 1 within the alert. `atMs` of a late one lies before that of earlier steps. */
export const Transition = z.object({
  n: z.number().int().positive(),
  kind: z.enum(transitionKinds),
  state: AlarmState,
  /** Effective time of what happened: of the reading for a condition, of the click for an operator. Unix ms. */
  atMs: z.number().int(),
  /** When the centre recorded it, Unix ms. */
  recordedMs: z.number().int(),
  by: z.string().max(100).nullable(),
  comment: z.string().max(2_000).nullable(),
  value: z.number().nullable(),
})
export type Transition = z.infer<typeof Transition>

export const Alert = z.object({
  /** Hash of rule, version, subject and set time: the same cause gives the same id on replay. */
  id: z.string().regex(/^[0-9a-f]{32}$/),
  rule: Name,
  ruleVersion: z.number().int().positive(),
  /** What it is about: a point key, `SITE/DEVICE`, or a gateway. One open alert per (rule, subject). */
  subject: z.string().max(256),
  site: Name,
  level: Level,
  state: AlarmState,
  /** Found in readings that came late, when it was over already: for a person to look at, and no alarm of now. */
  late: z.boolean().default(false),
  title: Text,
  /** Why it fired, with the figures, for a person. */
  why: Text,
  /** Unit of `value` and `limit`. */
  unit: z.string().max(16),
  limit: z.number().nullable(),
  /** The value that set it, and the worst since. */
  value: z.number().nullable(),
  worst: z.number().nullable(),
  /** Effective time of the condition's set and return, Unix ms. */
  setMs: z.number().int(),
  returnedMs: z.number().int().nullable(),
  /** The first and the newest, at most 100; all of them are in the database. `n` shows what is left out. */
  transitions: z.array(Transition),
})
export type Alert = z.infer<typeof Alert>

export function isOpen(alert: Alert): boolean {
  return alert.state !== 'normal'
}

export type AcknowledgeOutcome =
  | { readonly outcome: 'done'; readonly alert: Alert }
  | { readonly outcome: 'already'; readonly alert: Alert }
  | { readonly outcome: 'unknown' }

/** What the rules service offers to those who show alerts and act on them. */
export interface AlertDesk {
  /** Every open alert, and those closed in the last hour. */
  current(): readonly Alert[]
  /** Called with the whole alert after each transition has been journalled. Returns the way out. */
  subscribe(listener: (alert: Alert) => void): () => void
  /** Resolves once the acknowledgement is durable. Idempotent. */
  acknowledge(id: string, act: { by: string; comment?: string }): Promise<AcknowledgeOutcome>
}
