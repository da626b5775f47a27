import type { Socket } from 'node:net'
import { finished } from 'node:stream/promises'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { type Clock, systemClock } from '../clock.ts'
import { readCapabilities } from './capabilities.ts'
import type { Capabilities, Database, Queryable, Transaction } from './database.ts'
import { DatabaseError, databaseError } from './errors.ts'
import { runQuery, runTransaction, type Session } from './session.ts'
import { elementParsers, type Parse, scalarParsers } from './values.ts'

const connectTimeoutMs = 5_000
/** The server gives up a statement after this long; the client a little later, for a server that answers nothing at all. */
const statementTimeoutMs = { live: 60_000, history: 30_000 }
const graceMs = 5_000
const connections = { live: 3, history: 4 }

/**
 * A TimescaleDB server. Transactions (the live path) and single queries (history) have pools of their own, so neither
 * waits for the other's connections. A connection that failed is thrown away; the next call makes a new one.
 * @throws DatabaseError `database-unavailable` when it cannot be reached, `database-refused` for a bad address or login.
 */
export async function openServer(url: string, clock: Clock = systemClock): Promise<Database> {
  const live = createPool(url, 'live')
  const history = createPool(url, 'history')
  try {
    const capabilities = await withSession(live, clock, 'live', (session) =>
      readCapabilities(session, 'server'),
    )
    return new ServerDatabase(live, history, { clock, capabilities })
  } catch (thrown) {
    await Promise.all([live.end(), history.end()])
    throw databaseError(thrown)
  }
}

type Path = keyof typeof connections

function createPool(url: string, path: Path): pg.Pool {
  const address = URL.parse(url)
  if (address?.protocol !== 'postgres:' && address?.protocol !== 'postgresql:') {
    throw new DatabaseError('the database address is not one: expected postgres://user@host:port/database', {
      sqlState: '22023',
    })
  }
  const pool = new pg.Pool({
    connectionString: url,
    max: connections[path],
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name: `farwatch ${path}`,
    options: '-c timezone=UTC -c datestyle=ISO -c bytea_output=hex',
    statement_timeout: statementTimeoutMs[path],
    idle_in_transaction_session_timeout: 2 * statementTimeoutMs[path],
    types: { getTypeParser: parserOf as typeof pg.types.getTypeParser },
  })
  // A connection that breaks while idle says so here; the statement that needs one next makes a new one.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}

// @types/pg-types describes an older form of this.
const { arrayParser } = pg.types as unknown as {
  arrayParser: { create(text: string, element: Parse): { parse(): unknown[] } }
}
const parseArray = (text: string, element: Parse) => arrayParser.create(text, element).parse()

function parserOf(oid: number): Parse {
  const element = elementParsers[oid]
  if (element) return (text) => parseArray(text, element)
  return scalarParsers[oid] ?? ((text) => text)
}

async function withSession<T>(
  pool: pg.Pool,
  clock: Clock,
  path: Path,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  let client: pg.PoolClient
  try {
    client = await pool.connect()
  } catch (thrown) {
    throw databaseError(thrown)
  }
  let broken = false
  try {
    return await work(sessionOf(client, clock, statementTimeoutMs[path] + graceMs))
  } catch (thrown) {
    broken = thrown instanceof DatabaseError && thrown.code === 'database-unavailable'
    throw thrown
  } finally {
    client.release(broken)
  }
}

function sessionOf(client: pg.PoolClient, clock: Clock, deadlineMs: number): Session {
  const within = async <T>(statement: Promise<T>): Promise<T> => {
    const cancel = clock.after(deadlineMs, () => {
      // pg has no public way to give up a connection that answers nothing.
      const { stream } = (client as unknown as { connection: { stream: Socket } }).connection
      stream.destroy(new Error(`no answer within ${deadlineMs} ms`))
    })
    try {
      return await statement
    } finally {
      cancel()
    }
  }
  return {
    query: async (sql, parameters) => (await within(client.query(sql, [...parameters]))).rows,
    script: async (sql) => {
      await within(client.query(sql))
    },
    copyIn: async (sql, data) => {
      const stream = client.query(copyFrom(`${sql} from stdin with (format binary)`))
      const done = finished(stream)
      stream.end(data)
      await within(done)
      return stream.rowCount ?? 0
    },
  }
}

/** A server as it is: nothing is looked for and nothing enabled in it. */
export interface PlainServer extends Queryable {
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Connects at the first statement. @throws DatabaseError `database-refused` for a bad address. */
export function plainServer(url: string, clock: Clock = systemClock): PlainServer {
  return new Server(createPool(url, 'live'), createPool(url, 'history'), clock)
}

class Server implements PlainServer {
  readonly #live: pg.Pool
  readonly #history: pg.Pool
  readonly #clock: Clock
  #closing: Promise<void> | undefined

  constructor(live: pg.Pool, history: pg.Pool, clock: Clock) {
    this.#live = live
    this.#history = history
    this.#clock = clock
  }

  query<Row>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    return withSession(this.#history, this.#clock, 'history', (session) =>
      runQuery<Row>(session, sql, parameters),
    )
  }

  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return withSession(this.#live, this.#clock, 'live', (session) => runTransaction(session, work))
  }

  close(): Promise<void> {
    this.#closing ??= Promise.all([this.#live.end(), this.#history.end()]).then(() => undefined)
    return this.#closing
  }
}

class ServerDatabase extends Server implements Database {
  readonly capabilities: Capabilities

  constructor(live: pg.Pool, history: pg.Pool, rest: { clock: Clock; capabilities: Capabilities }) {
    super(live, history, rest.clock)
    this.capabilities = rest.capabilities
  }

  async sync(): Promise<void> {}
}
