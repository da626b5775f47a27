import { randomBytes } from 'node:crypto'
import { cp, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { Database } from './database.ts'
import { type DatabaseLocation, openDatabase } from './open.ts'

/** A fresh database for one test file. */
export interface TestDatabase {
  readonly location: DatabaseLocation
  readonly database: Database
  /** Closes and drops it. */
  drop(): Promise<void>
}

export interface TestEngine {
  readonly name: 'embedded' | 'server'
  /** Why it cannot take part here; undefined when it can. */
  readonly missing: string | undefined
  create(): Promise<TestDatabase>
}

const serverUrl = process.env.FARWATCH_TEST_DATABASE_URL

/**
 * Both engines, for suites that run on each: `describe.each(testEngines)`. The server is the one that
 * FARWATCH_TEST_DATABASE_URL names (`.ci/timescaledb.sh` sets one up). Under CI a missing server fails the suite.
 */
export const testEngines: readonly TestEngine[] = [
  { name: 'embedded', missing: undefined, create: createEmbedded },
  {
    name: 'server',
    missing:
      serverUrl === undefined && process.env.CI !== 'true'
        ? 'not run: FARWATCH_TEST_DATABASE_URL is not set (see .ci/timescaledb.sh)'
        : undefined,
    create: createOnServer,
  },
]

for (const { name, missing } of testEngines) {
  if (missing !== undefined) process.stderr.write(`tests with the database ${name}: ${missing}\n`)
}

async function createEmbedded(): Promise<TestDatabase> {
  const parent = await mkdtemp(join(tmpdir(), 'farwatch-database-'))
  const folder = join(parent, 'database')
  await cp(await emptyFolder(), folder, { recursive: true })
  const location = { folder }
  const database = await openDatabase(location)
  return {
    location,
    database,
    drop: async () => {
      await database.close()
      await rm(parent, { recursive: true, force: true })
    },
  }
}

/** Making a data folder takes seconds, copying one takes little: an empty one is kept in the temporary folder. */
async function emptyFolder(): Promise<string> {
  const kept = join(tmpdir(), `farwatch-empty-database-1-${process.getuid?.() ?? 0}`)
  if (await exists(kept)) return kept
  const parent = await mkdtemp(join(tmpdir(), 'farwatch-database-'))
  await (await openDatabase({ folder: join(parent, 'database') })).close()
  try {
    await rename(join(parent, 'database'), kept)
  } catch (error) {
    // Another test file was quicker.
    if (!(await exists(kept))) throw error
  }
  await rm(parent, { recursive: true, force: true })
  return kept
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

async function createOnServer(): Promise<TestDatabase> {
  if (serverUrl === undefined) {
    throw new Error(
      'under CI the tests need a TimescaleDB server: run .ci/timescaledb.sh and set what it prints',
    )
  }
  const name = `farwatch_test_${randomBytes(6).toString('hex')}`
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  await administer(`create database ${name} template template0 encoding 'UTF8'`)
  const location = { url: url.href }
  const database = await openDatabase(location)
  return {
    location,
    database,
    drop: async () => {
      await database.close()
      await administer(`drop database ${name} with (force)`)
    },
  }
}

async function administer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl, connectionTimeoutMillis: 5_000 })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
