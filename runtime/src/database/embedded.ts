import { accessSync, constants, mkdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { FarwatchError, messageOf } from '@farwatch/model'
import { readCapabilities } from './capabilities.ts'
import type { Capabilities, Database, Transaction } from './database.ts'
import { EmbeddedEngine } from './embedded-engine.ts'
import { DatabaseError } from './errors.ts'
import { lockFile } from './folder-lock.ts'
import { syncDataFolder } from './folder-sync.ts'
import { runQuery, runTransaction } from './session.ts'

/** At most this many callers wait for the one engine; a further one is told to come back. */
const maxWaiting = 1_000

/**
 * TimescaleDB inside this process, in a worker thread. One statement runs at a time and cannot be interrupted, so callers
 * bound what a query may cost. An engine that broke is opened again by the next call.
 * @throws FarwatchError `folder-in-use`, `folder-unusable`; DatabaseError when the engine does not start.
 */
export async function openEmbedded(path: string): Promise<Database> {
  const folder = resolve(path)
  try {
    mkdirSync(dirname(folder), { recursive: true })
    accessSync(dirname(folder), constants.W_OK)
  } catch (cause) {
    throw new FarwatchError(
      'folder-unusable',
      `the database folder ${folder} cannot be written: ${messageOf(cause)}; choose another or change its rights`,
      { cause },
    )
  }
  const unlock = lockFile(`${folder}.lock`)
  try {
    const engine = await EmbeddedEngine.open(folder)
    const capabilities = await readCapabilities(engine, 'embedded')
    return new EmbeddedDatabase(folder, { engine, unlock, capabilities })
  } catch (error) {
    unlock()
    throw error
  }
}

class EmbeddedDatabase implements Database {
  readonly capabilities: Capabilities
  readonly #folder: string
  readonly #unlock: () => void
  #engine: EmbeddedEngine
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #closing: Promise<void> | undefined

  constructor(
    folder: string,
    rest: { engine: EmbeddedEngine; unlock: () => void; capabilities: Capabilities },
  ) {
    this.#folder = folder
    this.#engine = rest.engine
    this.#unlock = rest.unlock
    this.capabilities = rest.capabilities
  }

  query<Row>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    return this.#exclusive((engine) => runQuery<Row>(engine, sql, parameters))
  }

  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#exclusive((engine) => runTransaction(engine, work))
  }

  /** The log first: the checkpoint may then replace what only the log held. */
  async sync(): Promise<void> {
    await syncDataFolder(join(this.#folder, 'pg_wal'))
    await this.#exclusive((engine) => engine.script('checkpoint'))
    await syncDataFolder(this.#folder)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#last
    try {
      await this.#engine.close()
      await syncDataFolder(this.#folder)
    } finally {
      this.#unlock()
    }
  }

  async #exclusive<T>(work: (engine: EmbeddedEngine) => Promise<T>): Promise<T> {
    if (this.#closing) throw new DatabaseError('the embedded database is closed')
    if (this.#waiting >= maxWaiting) {
      throw new DatabaseError(
        `${maxWaiting} statements wait for the embedded database already; try again later`,
      )
    }
    this.#waiting++
    const turn = this.#last.then(async () => {
      this.#waiting--
      if (!this.#engine.alive) {
        // Two engines on one folder would destroy it: the broken one's thread must be gone first.
        await this.#engine.close()
        this.#engine = await EmbeddedEngine.open(this.#folder)
      }
      return work(this.#engine)
    })
    this.#last = turn.catch(() => undefined)
    return turn
  }
}
