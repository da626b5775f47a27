import { z } from 'zod'
import { JurisdictionCode } from './jurisdiction.ts'

/** Who did something, as far as the platform knows. */
export const Actor = z.strictObject({
  /** Id of the account; `system` for the platform itself, `anyone` where the console was open to this machine. */
  account: z.string().min(1).max(64),
  /** As people know them at the time of the act. */
  name: z.string().max(100),
  via: z.enum(['session', 'token', 'admin-token', 'open', 'proxy', 'command', 'system']),
  /** The address that the act came from; null where there is none. */
  from: z.string().max(64).nullable(),
})
export type Actor = z.infer<typeof Actor>

/**
 * Something that somebody did, or was refused: one entry of the log of acts. `before` and `after` are plain JSON without
 * secrets. A change of the registry is its act and nothing else: the registry is what its acts say.
 */
export const Act = z.strictObject({
  /** `registry.change`, `session.login`, `alert.acknowledge`: what was acted on, and how. */
  action: z
    .string()
    .max(64)
    .regex(/^[a-z-]+(\.[a-z-]+)+$/),
  actor: Actor,
  object: z.strictObject({ kind: z.string().max(64), id: z.string().max(300) }).nullable(),
  /** Where the object lies; null: nowhere in particular. Readers of the log are limited by it. */
  jurisdiction: JurisdictionCode.nullable(),
  outcome: z.enum(['done', 'refused', 'failed']),
  before: z.json(),
  after: z.json(),
  /** Why, in the actor's words or as the reason of a refusal. */
  reason: z.string().max(2_000).nullable(),
})
export type Act = z.infer<typeof Act>

export interface RecordedAct extends Act {
  /** 1, 2, 3 … without holes. */
  readonly seq: number
  readonly atMs: number
}

/** The log of acts, as those see it who act and who read: append-only, chained, signed. */
export interface ActLog {
  /** Resolves once the act is durable. @throws FarwatchError `act-log-unavailable` (retryable), `act-too-large`. */
  append(act: Act): Promise<RecordedAct>
  /** Sequence number of the newest act, 0 before the first. */
  readonly end: number
  /** Acts from `fromSeq` on, oldest first. */
  read(fromSeq: number): AsyncIterable<RecordedAct>
}

/** One fault that verification has found: `altered`, `removed`, `added` … */
export interface ActFaultView {
  readonly fault: string
  readonly seq: number
  readonly toSeq: number | null
  readonly atMs: number | null
  /** Who did what to what, as far as the entry still says so; or the day of an anchor. */
  readonly detail: string | null
}

/** How far the log of acts has been verified, and what was found. */
export interface ActVerification {
  readonly state: 'never' | 'running' | 'done' | 'failed'
  readonly done: number
  readonly of: number
  /** The last act that was looked at. */
  readonly upTo: number
  readonly checkedMs: number | null
  /** The first hundred. */
  readonly faults: readonly ActFaultView[]
  /** Why it `failed`. */
  readonly problem: string | null
}

/** Verification of the log of acts while it grows. */
export interface ActAudit {
  readonly verification: ActVerification
  /** Begins, unless it is under way; `verification` tells how it goes. */
  verify(): void
}
