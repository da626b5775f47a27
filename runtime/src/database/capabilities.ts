import type { Capabilities } from './database.ts'
import { DatabaseError, databaseError } from './errors.ts'
import { runQuery, type Session } from './session.ts'

/** Makes sure TimescaleDB is there and says what this database can do. */
export async function readCapabilities(
  session: Session,
  engine: Capabilities['engine'],
): Promise<Capabilities> {
  await ensureExtension(session)
  const [row] = await runQuery<{ postgres: string; timescaledb: string; license: string }>(
    session,
    `select current_setting('server_version') as postgres, extversion as timescaledb,
            current_setting('timescaledb.license') as license
     from pg_extension where extname = 'timescaledb'`,
    [],
  )
  if (row === undefined) throw new DatabaseError('TimescaleDB is not installed', { sqlState: '0A000' })
  return {
    engine,
    postgres: row.postgres.split(' ')[0]!,
    timescaledb: row.timescaledb,
    edition: row.license === 'timescale' ? 'community' : 'apache',
    backgroundWorkers: engine === 'server',
  }
}

const installed = `select 1 from pg_extension where extname = 'timescaledb'`

async function ensureExtension(session: Session): Promise<void> {
  if ((await runQuery(session, installed, [])).length > 0) return
  try {
    await session.script('create extension if not exists timescaledb')
  } catch (thrown) {
    // Two processes opening a new database at once: the slower one finds the extension made.
    if ((await runQuery(session, installed, [])).length > 0) return
    const error = databaseError(thrown)
    if (error.code === 'database-unavailable') throw error
    throw new DatabaseError(
      `TimescaleDB cannot be enabled in this database (${error.message}); have an administrator run: create extension timescaledb`,
      { sqlState: error.sqlState, cause: thrown },
    )
  }
}
