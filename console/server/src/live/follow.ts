import { decodeRecord, FarwatchError, type Health, messageOf } from '@farwatch/model'
import type { Clock, Database, Journal, JournalEntry, Logger } from '@farwatch/runtime'
import type { ConsoleMetrics } from '../metrics.ts'
import { loadKept } from '../queries/kept.ts'
import type { LiveState } from './live-state.ts'

interface FollowParts {
  readonly state: LiveState
  readonly journal: Journal
  readonly database: Database
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: ConsoleMetrics
}

/** After a failure of journal or database, so long until the next try. */
const retryMs = 2_000
/** More than this behind after catching up once is worth telling. */
const behindRecords = 10_000
const limits = { records: 500, bytes: 4 * 1024 * 1024 }

/**
 * Keeps the live state up with what the centre knows.
 *
 * No reading is missed: a record leaves the journal only when every cursor, the writer's among them, is past it, so
 * whatever the journal does not hold is committed. Hence: take the oldest position kept, read the last values from the
 * database *after* that, then follow the journal from the position. Should the journal have dropped records in between,
 * positions jump, and the last values are read once more. Records seen twice do no harm, since the newest value wins.
 * While the database is away the journal alone is followed: live values and alarms do not wait for it.
 */
export class Follower {
  readonly #parts: FollowParts
  #next = 0
  #databaseAsked = true
  #toldUnreadable = false
  #trouble: { journal?: string; database?: string } = {}

  constructor(parts: FollowParts) {
    this.#parts = parts
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { journal } = this.#parts
    this.#next = journal.first
    await Promise.all([this.#followJournal(signal), this.#keepLoaded(signal)])
  }

  /** What `/api/health` says of the live picture. */
  health(): Health['components'][string] {
    const behind = this.#behind()
    const detail = [
      this.#trouble.journal && `journal: ${this.#trouble.journal}`,
      this.#trouble.database && `last values not read yet: ${this.#trouble.database}`,
      behind > behindRecords && `${behind} journal records behind`,
    ].filter((text) => typeof text === 'string')
    return detail.length === 0 ? { status: 'ok' } : { status: 'degraded', detail: detail.join('; ') }
  }

  #behind(): number {
    return Math.max(0, this.#parts.journal.next - this.#next)
  }

  async #followJournal(signal: AbortSignal): Promise<void> {
    const { journal, clock, log } = this.#parts
    while (!signal.aborted) {
      try {
        for await (const records of journal.follow(this.#next, signal, limits)) {
          if (this.#trouble.journal !== undefined) log.info('the live picture follows the journal again')
          this.#trouble.journal = undefined
          this.#take(records)
        }
        if (!signal.aborted) this.#trouble.journal = 'it has been closed'
      } catch (error) {
        if (this.#trouble.journal === undefined)
          log.warn({ problem: messageOf(error) }, 'the live picture stands still')
        this.#trouble.journal = messageOf(error)
      }
      await clock.sleep(retryMs, signal).catch(() => undefined)
    }
  }

  #take(records: readonly JournalEntry[]): void {
    const { state, metrics, log } = this.#parts
    for (const { position, payload } of records) {
      if (position > this.#next) this.#databaseAsked = true
      this.#next = position + 1
      const problem = readRecord(state, payload)
      if (problem === undefined || this.#toldUnreadable) continue
      this.#toldUnreadable = true
      log.warn(
        { position, problem: messageOf(problem) },
        'a journal record cannot be read; more are only counted',
      )
    }
    metrics.behind.set(this.#behind())
  }

  async #keepLoaded(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#databaseAsked) await this.#loadFromDatabase()
      await this.#parts.clock.sleep(retryMs, signal).catch(() => undefined)
    }
  }

  async #loadFromDatabase(): Promise<void> {
    const { database, state, log } = this.#parts
    this.#databaseAsked = false
    try {
      await loadKept(database, state)
      this.#trouble.database = undefined
    } catch (error) {
      this.#databaseAsked = true
      if (this.#trouble.database === undefined)
        log.warn({ problem: messageOf(error) }, 'last values cannot be read from the database yet')
      this.#trouble.database = messageOf(error)
    }
  }
}

function readRecord(state: LiveState, payload: Uint8Array | undefined): unknown {
  if (payload === undefined) return new FarwatchError('journal-damaged', 'it is damaged on disk')
  try {
    return state.apply(decodeRecord(payload))
  } catch (error) {
    return error
  }
}
