import {
  type ActLog,
  type Actor,
  type Change,
  type ChangeOutcome,
  type ChangeProblem,
  type Entity,
  type EntityKind,
  type EvidenceGrade,
  entities,
  FarwatchError,
  type JurisdictionCode,
  type Limit,
  type MayChange,
  messageOf,
  type PastValue,
  type PointKey,
  type RecordedAct,
  type Registry,
  type RegistryDesk,
  type Scope,
  type ValueOf,
} from '@farwatch/model'
import type { Clock, Logger } from '@farwatch/runtime'
import { dayOf } from './days.ts'
import { Holdings } from './holdings.ts'
import { conflictProblem, judge } from './judge.ts'
import { evidenceGrade, limitsAt } from './limits.ts'
import type { RegistryMetrics } from './metrics.ts'
import { Monitored } from './monitored.ts'
import type { Line } from './read-line.ts'
import { actOf, isChange, jurisdictionOfAll, linesOf } from './record.ts'
import { scopeOf } from './scope.ts'
import { succession } from './succession.ts'

export interface DeskParts {
  readonly acts: ActLog
  readonly clock: Pick<Clock, 'now'>
  readonly log: Logger
  readonly metrics: RegistryMetrics
}

/** Changes that wait for the one before them; one more is refused. */
const maxWaiting = 100

/**
 * The registry as the fold of its acts. Memory follows the log, never the other way round: a change is first judged, then
 * appended as one act, and only what the log has taken is put in, by the same code that reads the log at the start.
 */
export class Desk implements RegistryDesk {
  readonly #parts: DeskParts
  readonly #holdings = new Holdings()
  readonly #monitored: Monitored
  readonly #listeners = new Set<() => void>()
  /** What is monitored, as the listeners know it. */
  #told: Registry | undefined
  #version = 0
  #problem: string | undefined
  #queue: Promise<unknown> = Promise.resolve()
  #waiting = 0
  /** An append failed: the act may be in the log all the same. */
  #doubtful = false

  constructor(parts: DeskParts) {
    this.#parts = parts
    this.#monitored = new Monitored(this.#holdings, () => parts.clock.now())
  }

  /** Follows the log up to its end. */
  async open(): Promise<void> {
    await this.#catchUp()
    let old = 0
    this.#holdings.refresh((entity) => {
      const { success, data } = entities[entity.kind].safeParse(entity.value)
      if (!success) old++
      return success ? (data as typeof entity.value) : undefined
    })
    if (old > 0)
      this.#parts.log.warn(
        { entities: old },
        'some entries are not as today’s rules want them; they stay as they are',
      )
    this.#told = this.monitored()
  }

  /** What is wrong with the log that the registry was read from; undefined when all is well. */
  get problem(): string | undefined {
    return this.#problem
  }

  get version(): number {
    return this.#version
  }

  list<K extends EntityKind>(kind: K): readonly Entity<K>[] {
    return this.#holdings.list(kind)
  }

  get<K extends EntityKind>(kind: K, id: string): Entity<K> | undefined {
    return this.#holdings.get(kind, id)
  }

  /** Whether something was ever held, be it retired by now. */
  knows(kind: EntityKind, id: string): boolean {
    return this.#holdings.holding(kind, id) !== undefined
  }

  async history(kind: EntityKind, id: string): Promise<PastValue[]> {
    const past: PastValue[] = []
    for (const seq of this.#holdings.holding(kind, id)?.acts ?? []) {
      const act = await this.#act(seq)
      if (act === undefined) continue
      for (const line of linesOf(act) ?? []) {
        if (line.kind !== kind || line.id !== id) continue
        const { version, after: value } = line
        past.push({ version, atMs: act.atMs, actor: act.actor, reason: act.reason, value })
      }
    }
    return past
  }

  async #act(seq: number): Promise<RecordedAct | undefined> {
    for await (const act of this.#parts.acts.read(seq)) return act.seq === seq ? act : undefined
    return undefined
  }

  limitsAt(point: PointKey, atMs: number): Limit[] {
    return limitsAt(this.#holdings, point, atMs)
  }

  scopeOf(kind: EntityKind, id: string): Scope | undefined {
    return scopeOf(this.#holdings, kind, id)
  }

  evidenceGrade(device: string, atMs: number): EvidenceGrade {
    return evidenceGrade(this.#holdings, device, atMs)
  }

  succession(from: JurisdictionCode, to: JurisdictionCode): Change[] {
    return succession(this.#holdings, { from, to, today: this.#today() })
  }

  check(changes: readonly Change[], may?: MayChange, mostLines?: number): ChangeProblem[] {
    const asked = { may, today: this.#today(), mostLines }
    const { problems, conflicts } = judge(this.#holdings, changes, asked)
    return [...problems, ...conflicts.map((one) => conflictProblem(changes, one))].sort(
      (a, b) => a.line - b.line,
    )
  }

  async change(
    changes: readonly Change[],
    by: { actor: Actor; reason: string | null; may?: MayChange },
  ): Promise<ChangeOutcome> {
    if (this.#waiting >= maxWaiting) {
      const message = `${maxWaiting} changes of the registry wait already; please try again`
      throw new FarwatchError('registry-busy', message, { retryable: true })
    }
    this.#waiting++
    const done = this.#queue.then(() => this.#change(changes, by))
    this.#queue = done.catch(() => undefined)
    return done.finally(() => {
      this.#waiting--
    })
  }

  async #change(
    changes: readonly Change[],
    by: { actor: Actor; reason: string | null; may?: MayChange },
  ): Promise<ChangeOutcome> {
    const { acts, metrics } = this.#parts
    if (this.#doubtful && (await this.#catchUp()) > 0) this.#tell()
    this.#doubtful = false
    const { problems, conflicts, lines } = judge(this.#holdings, changes, {
      may: by.may,
      today: this.#today(),
    })
    if (conflicts.length > 0) {
      metrics.changes.inc({ outcome: 'conflict' })
      return { outcome: 'conflict', conflicts }
    }
    if (problems.length > 0) {
      metrics.changes.inc({ outcome: 'refused' })
      return { outcome: 'refused', problems }
    }
    if (lines.length > 0) {
      const holdings = this.#holdings
      const act = actOf(
        lines.map((line) => ({
          ...line,
          before: holdings.get(line.kind, line.id),
          version: holdings.nextVersion(line.kind, line.id),
        })),
        { actor: by.actor, reason: by.reason, jurisdiction: this.#jurisdictionOf(lines) },
      )
      this.#doubtful = true
      const recorded = await acts.append(act)
      this.#doubtful = false
      this.#fold(recorded)
      metrics.changes.inc({ outcome: 'done' })
      this.#tell()
    }
    const changed = lines.flatMap(({ kind, id }) => this.#holdings.get(kind, id) ?? [])
    return { outcome: 'done', version: this.#version, entities: changed }
  }

  /** Where all of what a change touches lies, before and after it. */
  #jurisdictionOf(lines: readonly Line[]): JurisdictionCode | null {
    const codes = () => lines.map(({ kind, id }) => this.scopeOf(kind, id)?.jurisdiction)
    const all = [...codes(), ...this.#holdings.trying(lines, codes)].filter((code) => code !== undefined)
    return jurisdictionOfAll(all)
  }

  monitored(): Registry {
    return this.#monitored.get()
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** A new local day has begun: other limits hold. */
  dayTurned(): void {
    if (this.monitored() !== this.#told) this.#tell()
  }

  #today(): string {
    return dayOf(this.#parts.clock.now())
  }

  /** Folds what the log has beyond what is known; returns how many changes that were. */
  async #catchUp(): Promise<number> {
    let changes = 0
    for await (const act of this.#parts.acts.read(this.#version + 1)) {
      if (!isChange(act)) continue
      this.#fold(act)
      changes++
    }
    return changes
  }

  /** Takes an act in. A hole in the log is told and gone over: what is known after it counts more than nothing. */
  #fold(act: RecordedAct): void {
    const { seq, atMs, actor } = act
    const by = actor.name === '' ? actor.account : actor.name
    const lines = linesOf(act)
    if (lines === undefined) this.#amiss(seq, 'it is no change of the registry')
    for (const { kind, id, version, after } of lines ?? []) {
      const expected = this.#holdings.nextVersion(kind, id)
      if (version !== expected)
        this.#amiss(seq, `${kind} ${id}: found version ${version}, expected ${expected}`)
      const value = after as ValueOf<EntityKind> | null
      this.#forget(kind, id)
      this.#holdings.put({ kind, id, value, version, atMs, by, seq })
      this.#forget(kind, id)
    }
    this.#version = seq
  }

  #forget(kind: EntityKind, id: string): void {
    const holding = this.#holdings.holding(kind, id)
    if (holding !== undefined) this.#monitored.forget(holding.entity)
  }

  #amiss(seq: number, why: string): void {
    this.#problem ??= `act ${seq} does not follow from those before it: ${why}; farwatch verify judges the log`
    this.#parts.log.error({ act: seq, problem: why }, 'a part of the registry’s past is missing')
  }

  #tell(): void {
    this.#told = this.monitored()
    for (const listener of this.#listeners) {
      try {
        listener()
      } catch (error) {
        this.#parts.log.error({ problem: messageOf(error) }, 'a change of the registry was not taken over')
      }
    }
  }
}
