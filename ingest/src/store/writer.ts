import { FarwatchError, messageOf, type Registry } from '@farwatch/model'
import {
  backoffMs,
  type Clock,
  type Cursor,
  type Database,
  DatabaseError,
  type Journal,
  type JournalRecord,
  type Logger,
  type Registry as Metrics,
  type ReadLimits,
  type Service,
  startService,
} from '@farwatch/runtime'
import { type Chunk, commitChunk, writerPosition } from './commit.ts'
import { type Item, readItem, refusedItem } from './item.ts'
import { PointIds } from './point-ids.ts'
import { RegistryFollower } from './registry-follower.ts'
import { syncRegistry } from './registry-rows.ts'
import { migrateStore } from './schema.ts'
import { encodeItems } from './tables.ts'
import { writerMetrics } from './writer-metrics.ts'

export interface WriterDeps {
  readonly database: Database
  readonly journal: Journal
  readonly registry: Registry
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  /** Bounds of one transaction. */
  readonly limits?: ReadLimits
}

/** How the writer is doing; read it at any time. */
export interface WriterState {
  /** `waiting`: the database does not take what it is given now; the journal keeps it. */
  readonly state: 'writing' | 'waiting'
  /** Why it waits. */
  readonly problem: string | undefined
  /** Everything before this journal position is committed. */
  readonly position: number
  /** Records in the journal that are not committed yet. */
  readonly behind: number
  readonly lastCommitMs: number | undefined
  /** From now on this is what is registered; the tables follow when the database takes it. */
  monitor(registry: Registry): void
}

/**
 * One transaction takes at most this. It keeps the embedded engine free for others within a fraction of a second; a server
 * serves others meanwhile, and what a transaction costs beside its rows is a dozen turns of a busy event loop.
 */
const chunkLimits = {
  embedded: { records: 2_000, bytes: 512 * 1024 },
  server: { records: 8_000, bytes: 2 * 1024 * 1024 },
} as const
const retry = { firstMs: 200, mostMs: 10_000 }
/** The embedded engine is synced this often, or after this much; only then may the journal forget. */
const syncEvery = { ms: 60_000, bytes: 64 * 1024 * 1024 }
const stopTimeoutMs = 3_000
/** So many records in a row refused one by one: then it is not them but the database. */
const maxRefusedInRow = 100

/**
 * Brings the schema and the registry up to date, then follows the journal into the database from the place the database
 * remembers. Each chunk is one transaction, so a crash at any moment neither loses nor doubles a row.
 * @throws FarwatchError `journal-mismatch` when the database is ahead of the journal; DatabaseError.
 */
export function startWriter(deps: WriterDeps): Promise<Service & WriterState> {
  const { database, journal, log } = deps
  return startService(log, async (life) => {
    // First of all, so that the journal keeps everything for this reader from now on.
    const cursor = await journal.cursor('writer')
    await migrateStore(database, log)
    await syncRegistry(database, deps.registry)
    const follower = new RegistryFollower(deps)
    life.onStop('changes of the registry', () => follower.stop())
    const points = new PointIds(database)
    await points.load()
    const writer = new Writer(deps, { points, cursor, follower })
    await writer.findPlace()
    const running = new AbortController()
    const run = writer.run(running.signal)
    const stopSyncing = deps.clock.every(syncEvery.ms, () => void writer.sync())
    const end = async () => {
      stopSyncing()
      running.abort()
      await run
    }
    life.onStop('the last commit', end, stopTimeoutMs)
    return writer
  })
}

class Writer implements WriterState {
  readonly #deps: WriterDeps
  readonly #points: PointIds
  readonly #cursor: Cursor
  readonly #follower: RegistryFollower
  readonly #metrics: ReturnType<typeof writerMetrics>
  #problem: string | undefined
  #position = 1
  #lastCommitMs: number | undefined
  #refusedInRow = 0
  #unsyncedBytes = 0
  #syncing: Promise<void> | undefined

  constructor(deps: WriterDeps, rest: { points: PointIds; cursor: Cursor; follower: RegistryFollower }) {
    this.#deps = deps
    this.#follower = rest.follower
    this.#points = rest.points
    this.#cursor = rest.cursor
    this.#metrics = writerMetrics(deps.metrics, () => this.behind)
  }

  get state() {
    return this.#problem === undefined ? ('writing' as const) : ('waiting' as const)
  }

  get problem() {
    return this.#problem
  }

  get position() {
    return this.#position
  }

  get behind() {
    return Math.max(0, this.#deps.journal.next - this.#position)
  }

  get lastCommitMs() {
    return this.#lastCommitMs
  }

  monitor(registry: Registry): void {
    this.#follower.monitor(registry)
  }

  async findPlace(): Promise<void> {
    const { database, journal } = this.#deps
    await database.query(
      `insert into progress (name, position) values ('writer', 1) on conflict (name) do nothing`,
    )
    this.#position = await writerPosition(database)
    if (this.#position > journal.next) {
      throw new FarwatchError(
        'journal-mismatch',
        `the database holds the records before ${this.#position}, the journal ends before ${journal.next}: they do not belong together; restore the journal's folder, or use another database`,
      )
    }
    this.#tellMissing()
  }

  #tellMissing(): void {
    const missing = this.#deps.journal.first - this.#position
    if (missing <= 0) return
    this.#deps.log.error(
      { missing, from: this.#position },
      'records are missing: the journal no longer has them',
    )
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await this.#retrying(signal, () => this.#follow(signal))
    await this.sync()
  }

  /** Writes from the writer's place on, until aborted or until the database turns out to stand elsewhere. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { journal, database, limits = chunkLimits[database.capabilities.engine] } = this.#deps
    // The next chunk is read and encoded while the one before it commits.
    let committing: Promise<boolean> = Promise.resolve(true)
    const place = new AbortController()
    const here = AbortSignal.any([signal, place.signal])
    try {
      for await (const records of journal.follow(this.#position, here, limits)) {
        const chunk = await this.#retrying(signal, () => this.#prepare(records.map(readItem)))
        if (!(await committing) || chunk === undefined) return
        committing = this.#store(chunk, signal).then((done) => {
          if (!done) place.abort()
          return done
        })
      }
    } finally {
      await committing
    }
  }

  /** Points seen for the first time get their number, then everything is encoded. */
  async #prepare(items: readonly Item[]): Promise<Chunk> {
    const unknown = new Set<string>()
    for (const { readings } of items) {
      const ids = this.#points.of(readings.points)
      if (ids.includes(0))
        for (const point of readings.points) if (this.#points.get(point) === undefined) unknown.add(point)
    }
    if (unknown.size > 0) await this.#points.add(unknown)
    return {
      items,
      tables: encodeItems(items, this.#points),
      next: items.at(-1)!.source.position + 1,
    }
  }

  /** Commits a chunk, however long that takes. False where it was not to be: aborted, or the database has gone back. */
  async #store(chunk: Chunk, signal: AbortSignal): Promise<boolean> {
    const refused = await this.#retrying(signal, async () => {
      try {
        return await this.#commit(chunk)
      } catch (error) {
        if (isPoison(error) && this.#refusedInRow < maxRefusedInRow) return error
        throw error
      }
    })
    if (refused === undefined || typeof refused === 'boolean') return refused ?? false
    for (const half of this.#halves(chunk.items, refused)) {
      const smaller = await this.#retrying(signal, () => this.#prepare(half))
      if (smaller === undefined || !(await this.#store(smaller, signal))) return false
    }
    return true
  }

  /** Two halves of what was refused; a single record becomes its own refusal. */
  #halves(items: readonly Item[], refused: DatabaseError): (readonly Item[])[] {
    const [only] = items
    if (items.length > 1 || only === undefined) {
      const middle = items.length >> 1
      return [items.slice(0, middle), items.slice(middle)]
    }
    this.#refusedInRow++
    this.#metrics.refused.inc()
    this.#deps.log.error(
      { position: only.source.position, problem: refused.message },
      'the database refused a record: it is in quarantine now',
    )
    return [[refusedItem(only.source, `the database refused it: ${refused.message}`)]]
  }

  /** False when the database has gone back behind the chunk: what lies between must be written first. */
  async #commit(chunk: Chunk): Promise<boolean> {
    const { clock, database } = this.#deps
    const started = clock.monotonicMs()
    const outcome = await commitChunk(database, chunk, { from: this.#position, ids: this.#points })
    if (!outcome.done) {
      const before = this.#position
      this.#position = outcome.position
      if (outcome.position < before) {
        this.#deps.log.error(
          { from: before, to: outcome.position },
          'the database has lost what it had committed; it is written again from the journal',
        )
        this.#tellMissing()
        return false
      }
      const rest = chunk.items.filter(({ source }) => source.position >= outcome.position)
      return rest.length === 0 || this.#commit(await this.#prepare(rest))
    }
    this.#lastCommitMs = clock.monotonicMs() - started
    this.#position = chunk.next
    if (chunk.items.some(({ content }) => content.kind !== 'refusal')) this.#refusedInRow = 0
    this.#metrics.commitMs.set(this.#lastCommitMs)
    this.#metrics.readings.inc(outcome.tables.readings)
    this.#metrics.records.inc(chunk.items.length)
    this.#metrics.duplicates.inc(outcome.duplicates)
    this.#committed(chunk.items.map(({ source }) => source))
    return true
  }

  /** A server's commit is durable. The embedded engine's is after a sync, which runs beside the next commits. */
  #committed(records: readonly JournalRecord[]): void {
    if (this.#deps.database.capabilities.engine === 'server') {
      this.#cursor.advance(this.#position)
      return
    }
    for (const { payload } of records) this.#unsyncedBytes += payload.length
    if (this.#unsyncedBytes >= syncEvery.bytes) void this.sync()
  }

  /** Makes what was committed durable and lets the journal forget it. One at a time. */
  sync(): Promise<void> {
    this.#syncing ??= this.#sync().finally(() => {
      this.#syncing = undefined
    })
    return this.#syncing
  }

  async #sync(): Promise<void> {
    const position = this.#position
    if (position <= this.#cursor.position) return
    this.#unsyncedBytes = 0
    try {
      await this.#deps.database.sync()
      this.#cursor.advance(position)
    } catch (error) {
      this.#deps.log.warn(
        { problem: messageOf(error) },
        'the database was not synced; the journal keeps its records',
      )
    }
  }

  /** Tries again with growing, jittered pauses until it works; undefined when aborted. */
  async #retrying<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T | undefined> {
    const { clock, log } = this.#deps
    const pauses = backoffMs(retry.firstMs, retry.mostMs)
    while (!signal.aborted) {
      try {
        const result = await work()
        if (this.#problem !== undefined) log.info({ behind: this.behind }, 'the writer goes on')
        this.#problem = undefined
        this.#metrics.waiting.set(0)
        return result
      } catch (error) {
        if (this.#problem === undefined) {
          log.error({ problem: messageOf(error) }, 'the writer waits: the journal keeps what comes in')
        }
        this.#problem = messageOf(error)
        this.#metrics.waiting.set(1)
        this.#metrics.retries.inc()
        await clock.sleep(pauses.next().value, signal).catch(() => undefined)
      }
    }
    return undefined
  }
}

/**
 * Data that this database will never take: class 22 (data exception), 23 (integrity constraint), 54 (program limit). Anything
 * else, as a missing table or right, is the database's own trouble and passes no judgement on the record.
 */
function isPoison(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && /^(22|23|54)/.test(error.sqlState ?? '')
}
