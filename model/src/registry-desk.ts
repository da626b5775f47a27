import type { Actor } from './act.ts'
import type { Entity, EntityKind, Limit } from './entities.ts'
import type { JurisdictionCode } from './jurisdiction.ts'
import type { PointKey } from './names.ts'
import type { Registry } from './registry.ts'
import type { Scope } from './rights.ts'

/** One line of a change. Everything in a change happens or nothing. */
export interface Change {
  readonly kind: EntityKind
  readonly id: string
  /** The version that whoever changes it has seen, 0: it must not exist yet. Another one is a conflict. */
  readonly expect: number
  /** The new value, or null: retired, which keeps its history. */
  readonly value: unknown
}

/** What is wrong with a line of a change; `path` leads to the field. */
export interface ChangeProblem {
  /** Index of the line in the change. */
  readonly line: number
  readonly path: string
  readonly code: string
  /** What was found, what was expected, what to do, for a person. */
  readonly zh: string
  readonly en: string
}

export type ChangeOutcome =
  | { readonly outcome: 'done'; readonly version: number; readonly entities: readonly Entity[] }
  | { readonly outcome: 'refused'; readonly problems: readonly ChangeProblem[] }
  | { readonly outcome: 'conflict'; readonly conflicts: readonly { line: number; current: Entity | null }[] }

/** A past value of something, and who made it so. `value` null: retired. */
export interface PastValue {
  readonly version: number
  readonly atMs: number
  readonly actor: Actor
  readonly reason: string | null
  readonly value: unknown
}

/** Whether whoever asks may change what lies there; without it everything may be changed. */
export type MayChange = (scope: Scope) => boolean

/** How much a device's readings prove, and by which records. */
export interface EvidenceGrade {
  readonly grade: 'lead' | 'enforcement'
  /** The newest of each on that day, whether it holds or not. */
  readonly review: Entity<'review'> | null
  readonly calibration: Entity<'calibration'> | null
}

/** What the registry offers to those who show and change it, and to those who need to know what is monitored. */
export interface RegistryDesk {
  /** Sequence number of the newest act that changed it. */
  readonly version: number
  list<K extends EntityKind>(kind: K): readonly Entity<K>[]
  get<K extends EntityKind>(kind: K, id: string): Entity<K> | undefined
  /** Every value that something has had, oldest first. */
  history(kind: EntityKind, id: string): Promise<readonly PastValue[]>
  /** Limits of a point or of its outlet in force at a time, by today's knowledge. */
  limitsAt(point: PointKey, atMs: number): readonly Limit[]
  /** Where something lies and whose it is, for rights; undefined when it is not known. */
  scopeOf(kind: EntityKind, id: string): Scope | undefined
  /** Grade of `SITE/DEVICE` at a time (行政处罚法 art. 41): enforcement only with a review and a calibration in force. */
  evidenceGrade(device: string, atMs: number): EvidenceGrade
  /** The ready-made change that moves every member of a jurisdiction to its successor and abolishes it as of today. */
  succession(from: JurisdictionCode, to: JurisdictionCode): readonly Change[]
  /** What a change would be told, without making it. An empty id of a limit, calibration or review has one made. */
  check(changes: readonly Change[], may?: MayChange): readonly ChangeProblem[]
  /**
   * Resolves once the change is durable, as one act. What lies where `may` says no is answered as if it were not there.
   * @throws FarwatchError `registry-busy` (retryable) and whatever the log of acts throws.
   */
  change(
    changes: readonly Change[],
    by: { readonly actor: Actor; readonly reason: string | null; readonly may?: MayChange },
  ): Promise<ChangeOutcome>
  /** What is monitored, as intake, rules and the live picture take it. */
  monitored(): Registry
  /** Called after each change has become durable. Returns the way out. */
  subscribe(listener: () => void): () => void
}
