import { storeSchema } from '@farwatch/ingest'
import { rulesSchema } from '@farwatch/rules'
import { type Clock, DatabaseError, migrationState, type Queryable } from '@farwatch/runtime'
import { type Check, fail, ok, skipped, warn } from './check.ts'

/** Checks that read what the server says of itself. */

/** Connections that one Farwatch opens, and one to spare. */
const neededConnections = 8
const clockMs = { warn: 1_000, fail: 60_000 }
const testedMajor = 17

/** Undefined where it connects. */
export async function checkConnection(database: Queryable): Promise<Check> {
  const name = 'connection'
  try {
    const [row] = await database.query<{ role: string; database: string }>(
      'select current_user as role, current_database() as database',
    )
    return ok(name, `role ${row?.role} in database ${row?.database}`)
  } catch (error) {
    return fail(name, error instanceof Error ? error.message : String(error), whatToDo(error))
  }
}

/** By SQLSTATE (PostgreSQL, appendix A); without one no server has answered. */
export function whatToDo(error: unknown): string {
  switch (error instanceof DatabaseError ? error.sqlState : undefined) {
    case undefined:
      return 'nothing answers there: is the server running, are host and port right, does a firewall stand between?'
    case '28P01':
      return 'the password is wrong: see the address, postgres://USER:PASSWORD@HOST:PORT/DATABASE'
    case '28000':
      return 'this role may not log in: create it (create role … login), or let it in with a line in pg_hba.conf'
    case '3D000':
      return 'create the database: create database … encoding UTF8'
    case '22023':
      return 'give an address such as postgres://farwatch:PASSWORD@db.example:5432/farwatch'
    default:
      return "the server's log says more"
  }
}

export async function checkVersion(database: Queryable): Promise<Check> {
  const [row] = await database.query<{ version: string; number: number; encoding: string }>(
    `select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
            current_setting('server_encoding') as encoding`,
  )
  const { version = '', number = 0, encoding = '' } = row ?? {}
  const found = `PostgreSQL ${version}, ${encoding}`
  if (encoding !== 'UTF8') return fail('version', found, 'create the database with encoding UTF8')
  return Math.floor(number / 10_000) === testedMajor
    ? ok('version', found)
    : warn('version', found, `Farwatch is tested with PostgreSQL ${testedMajor}`)
}

export async function checkClock(database: Queryable, clock: Clock): Promise<Check> {
  const before = clock.monotonicMs()
  const sentMs = clock.now()
  const [row] = await database.query<{ ms: number }>(
    'select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms',
  )
  const tripMs = clock.monotonicMs() - before
  const aheadMs = Math.round((row?.ms ?? 0) - sentMs - tripMs / 2)
  const found = `the server's is ${aheadMs} ms ahead of ours (± ${Math.ceil(tripMs / 2)} ms)`
  const todo = 'let both follow the same time (chrony, ntpd): received times and alerts depend on it'
  if (Math.abs(aheadMs) > clockMs.fail + tripMs) return fail('clock', found, todo)
  return Math.abs(aheadMs) > clockMs.warn + tripMs ? warn('clock', found, todo) : ok('clock', found)
}

/** A message's PUBACK waits for the journal, not for the database; but the journal forgets what the database has committed. */
export async function checkDurability(database: Queryable): Promise<Check> {
  const rows = await database.query<{ name: string; setting: string }>(
    `select name, setting from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit') order by name`,
  )
  const found = rows.map(({ name, setting }) => `${name} ${setting}`).join(', ')
  const isOff = (name: string) => rows.some((row) => row.name === name && row.setting === 'off')
  const lost = 'the journal forgets what is committed, so a power cut would lose it for good'
  if (isOff('fsync') || isOff('full_page_writes'))
    return fail('durability', found, `set fsync = on and full_page_writes = on: ${lost}`)
  return isOff('synchronous_commit')
    ? warn('durability', found, `set synchronous_commit = on: ${lost}`)
    : ok('durability', found)
}

export async function checkConnectionsLeft(database: Queryable): Promise<Check> {
  const [row] = await database.query<{ most: number; used: number }>(
    `select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as most,
            (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as used`,
  )
  const { most = 0, used = 0 } = row ?? {}
  const found = `${used} of ${most} in use`
  return most - used >= neededConnections
    ? ok('connections', found)
    : fail('connections', found, `Farwatch needs ${neededConnections}: raise max_connections or close others`)
}

/** Whether this role may make Farwatch's tables, and how far they are. */
export async function checkSchema(database: Queryable): Promise<Check> {
  const states = await Promise.all(
    [storeSchema, rulesSchema].map(async (source) => ({
      service: source.service,
      ...(await migrationState(database, source)),
    })),
  )
  const found = states
    .map(({ service, applied, missing }) => `${service} ${applied} of ${applied + missing} migrations`)
    .join(', ')
  if (states.some(({ foreign }) => foreign > 0)) {
    const todo =
      'this database belongs to another version of Farwatch: start that one, or use another database'
    return fail('schema', found, todo)
  }
  const isComplete = states.every(({ missing }) => missing === 0)
  return ok('schema', isComplete ? found : `${found}; farwatch up applies the rest`)
}

export async function checkRights(database: Queryable): Promise<Check> {
  const [row] = await database.query<{ role: string; may: boolean | null }>(
    `select current_user as role, has_schema_privilege(current_schema(), 'create') as may`,
  )
  return row?.may === true
    ? ok('rights', `${row.role} may create tables`)
    : fail('rights', `${row?.role} may not create tables`, `grant create on schema public to ${row?.role}`)
}

/** The edition, or undefined where TimescaleDB is not enabled in this database. */
export async function checkTimescale(
  database: Queryable,
): Promise<{ check: Check; edition: Check; isEnabled: boolean }> {
  const [row] = await database.query<{
    enabled: string | null
    available: string | null
    license: string | null
  }>(
    `select (select extversion from pg_extension where extname = 'timescaledb') as enabled,
            (select default_version from pg_available_extensions where name = 'timescaledb') as available,
            current_setting('timescaledb.license', true) as license`,
  )
  const { enabled = null, available = null, license = null } = row ?? {}
  const none = skipped('edition', 'TimescaleDB is not enabled')
  if (enabled === null) {
    const check =
      available === null
        ? fail(
            'timescaledb',
            'this server does not have it',
            'install TimescaleDB on the server, as docker-compose.yml does',
          )
        : warn(
            'timescaledb',
            `version ${available} is there, but not enabled in this database`,
            'farwatch up enables it where it may; otherwise an administrator runs: create extension timescaledb',
          )
    return { check, edition: none, isEnabled: false }
  }
  const edition =
    license === 'timescale'
      ? ok('edition', 'Community')
      : warn(
          'edition',
          `${license === 'apache' ? 'Apache' : license}: no compression, continuous aggregates or policies`,
          'it works, and takes some ten times the disk; the Community edition is in the image that docker-compose.yml names',
        )
  return { check: ok('timescaledb', `version ${enabled}`), edition, isEnabled: true }
}
