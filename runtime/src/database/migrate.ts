import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FarwatchError } from '@farwatch/model'
import type { Logger } from '../log.ts'
import type { Database, Queryable, Transaction } from './database.ts'
import { DatabaseError, databaseError } from './errors.ts'

interface Migration {
  readonly number: number
  readonly name: string
  readonly sql: string
  readonly sha256: string
}

export interface MigrationSource {
  /** Whose schema it is; each service numbers its own files. */
  readonly service: string
  /** Holds `001_name.sql`, `002_name.sql` … */
  readonly folder: string
  readonly log: Logger
}

/**
 * Applies the files of `folder` that were not applied yet, each in a transaction of its own; processes that start at
 * once wait for one another. Returns the numbers applied.
 * @throws FarwatchError `bad-migration` for a file that was changed or removed after it had been applied, or misnamed;
 * DatabaseError where the SQL fails.
 */
export async function migrate(database: Database, source: MigrationSource): Promise<number[]> {
  const migrations = await readMigrations(source.folder)
  const applied: number[] = []
  for (;;) {
    const next = await database.transaction((transaction) => applyNext(transaction, source, migrations))
    if (next === undefined) return applied
    applied.push(next.number)
    source.log.info({ service: source.service, migration: next.name }, 'schema migrated')
  }
}

/** Any number, as long as every Farwatch uses the same. */
const lockKey = 3_276_212

async function applyNext(
  transaction: Transaction,
  { service, folder }: MigrationSource,
  migrations: readonly Migration[],
): Promise<Migration | undefined> {
  await transaction.query('select pg_advisory_xact_lock($1)', [lockKey])
  await transaction.script(`create table if not exists migration (
    service text not null,
    number int not null,
    name text not null,
    applied_at timestamptz not null default now(),
    sha256 text not null,
    primary key (service, number)
  )`)
  const done = await transaction.query<{ number: number; name: string; sha256: string }>(
    'select number, name, sha256 from migration where service = $1 order by number',
    [service],
  )
  for (const old of done) {
    const file = migrations[old.number - 1]
    if (file === undefined) {
      throw bad(
        `this database has ${old.name} of ${service}, which ${folder} lacks: it belongs to a newer version`,
      )
    }
    if (file.sha256 !== old.sha256 || file.name !== old.name) {
      throw bad(
        `${join(folder, file.name)} was changed after it had been applied as ${old.name}: restore it and add a new file`,
      )
    }
  }
  const next = migrations[done.length]
  if (next === undefined) return undefined
  try {
    await transaction.script(next.sql)
  } catch (cause) {
    const { message, sqlState } = databaseError(cause)
    throw new DatabaseError(`${join(folder, next.name)}: ${message}`, { sqlState, cause })
  }
  await transaction.query('insert into migration (service, number, name, sha256) values ($1, $2, $3, $4)', [
    service,
    next.number,
    next.name,
    next.sha256,
  ])
  return next
}

/** Which files of a folder a database has, by number; `foreign` are those that the folder lacks or has otherwise. */
export async function migrationState(
  database: Queryable,
  { service, folder }: Omit<MigrationSource, 'log'>,
): Promise<{ readonly applied: number; readonly missing: number; readonly foreign: number }> {
  const migrations = await readMigrations(folder)
  const [table] = await database.query<{ exists: boolean }>(
    `select to_regclass('migration') is not null as exists`,
  )
  if (table?.exists !== true) return { applied: 0, missing: migrations.length, foreign: 0 }
  const done = await database.query<{ number: number; sha256: string }>(
    'select number, sha256 from migration where service = $1',
    [service],
  )
  const applied = done.filter(({ number, sha256 }) => migrations[number - 1]?.sha256 === sha256).length
  return { applied, missing: migrations.length - applied, foreign: done.length - applied }
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  return Promise.all(
    names.map(async (name, i) => {
      const number = Number(/^(\d{3})_[a-z0-9_-]+\.sql$/.exec(name)?.[1])
      if (number !== i + 1) {
        throw bad(`${join(folder, name)}: expected a name like ${String(i + 1).padStart(3, '0')}_subject.sql`)
      }
      // Line ends differ between checkouts; the statements don't.
      const sql = (await readFile(join(folder, name), 'utf8')).replaceAll('\r\n', '\n')
      return { number, name, sql, sha256: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}

function bad(message: string): FarwatchError {
  return new FarwatchError('bad-migration', message)
}
