import { CopyEncoder } from '@farwatch/ingest'
import { messageOf } from '@farwatch/model'
import { type PlainServer, randomId } from '@farwatch/runtime'
import { type Check, fail, ok, skipped, warn } from './check.ts'

/** Checks that try it: what a server says it can do and what it does are two things. */

const rows = { copies: 10, each: 10_000 }
const slowRowsPerSecond = 50_000
const names = ['hypertable', 'copy', 'compression', 'continuous aggregate'] as const

/** In a schema of its own, which is dropped again. `isEnabled`: TimescaleDB is enabled in this database. */
export async function tryOut(database: PlainServer, isEnabled: boolean): Promise<Check[]> {
  const schema = `farwatch_doctor_${randomId()}`
  try {
    await database.query(`create schema ${schema}`)
  } catch (error) {
    const reason = `no schema to try it in (${messageOf(error)})`
    return names.map((name) => skipped(name, reason))
  }
  try {
    return await tryIn(database, `${schema}.trial`, isEnabled)
  } finally {
    await database.query(`drop schema ${schema} cascade`)
  }
}

async function tryIn(database: PlainServer, table: string, isEnabled: boolean): Promise<Check[]> {
  await database.query(
    `create table ${table} (time timestamptz not null, point_id int not null, value float8)`,
  )
  const hypertable = isEnabled
    ? await attempt('hypertable', 'made and dropped', async () => {
        await database.query(`select create_hypertable('${table}', by_range('time', interval '1 day'))`)
      })
    : skipped('hypertable', 'TimescaleDB is not enabled')
  const copy = await tryCopy(database, table)
  if (hypertable.status !== 'ok') {
    return [hypertable, copy, ...names.slice(2).map((name) => skipped(name, 'no hypertable'))]
  }
  const compression = await attempt('compression', 'a chunk was compressed', async () => {
    await database.query(
      `alter table ${table} set (timescaledb.compress, timescaledb.compress_segmentby = 'point_id')`,
    )
    await database.query(`select compress_chunk(c) from show_chunks('${table}') as c`)
  })
  const aggregate = await attempt('continuous aggregate', 'one was made and refreshed', async () => {
    await database.query(`create materialized view ${table}_hour with (timescaledb.continuous) as
      select time_bucket('1 hour', time) as hour, point_id, avg(value) from ${table} group by 1, 2 with no data`)
    await database.query(`call refresh_continuous_aggregate('${table}_hour', null, null)`)
    const [found] = await database.query<{ count: number }>(`select count(*) from ${table}_hour`)
    if (!found?.count) throw new Error('it is empty after its refresh')
  })
  return [hypertable, copy, compression, aggregate]
}

/** The Apache edition refuses the Community's features; Farwatch does without them. */
async function attempt(name: string, found: string, work: () => Promise<void>): Promise<Check> {
  try {
    await work()
    return ok(name, found)
  } catch (error) {
    const problem = messageOf(error)
    if (/license|licence/.test(problem)) return warn(name, problem, 'works without it, see the edition')
    return fail(name, problem, "the server's log says more; Farwatch relies on it")
  }
}

async function tryCopy(database: PlainServer, table: string): Promise<Check> {
  const chunks = Array.from({ length: rows.copies }, (_, chunk) => {
    const encoder = new CopyEncoder()
    for (let i = 0; i < rows.each; i++)
      encoder
        .row(3)
        .timestamp(Date.UTC(2026, 0, 1) + chunk * 60_000 + i)
        .int4(i % 1_000)
        .float8(i / 7)
    return encoder.finish()
  })
  const startMs = performance.now()
  try {
    for (const data of chunks)
      await database.transaction((transaction) =>
        transaction.copyIn(table, ['time', 'point_id', 'value'], data),
      )
  } catch (error) {
    return fail('copy', messageOf(error), 'binary COPY is how readings are stored')
  }
  const count = rows.copies * rows.each
  const perSecond = Math.round((count / (performance.now() - startMs)) * 1_000)
  const found = `${count} rows by binary COPY, ${perSecond} rows/s, ${rows.copies} commits`
  return perSecond >= slowRowsPerSecond
    ? ok('copy', found)
    : warn('copy', found, 'slow: a loaded server, a slow disk or a long way to it')
}
