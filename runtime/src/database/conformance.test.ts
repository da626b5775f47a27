import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Database } from './database.ts'
import { DatabaseError } from './errors.ts'
import { openDatabase } from './open.ts'
import { type TestDatabase, testEngines } from './testing.ts'

// Opening the embedded engine takes seconds on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

/** A PGCOPY stream of (int4, text) rows, made with nothing but the format's description (PostgreSQL, COPY, Binary Format). */
function copyStream(rows: readonly (readonly [number, string])[]): Uint8Array {
  const parts: Buffer[] = [Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]
  for (const [id, name] of rows) {
    const bytes = Buffer.from(name)
    const row = Buffer.alloc(2 + 4 + 4 + 4)
    row.writeInt16BE(2, 0)
    row.writeInt32BE(4, 2)
    row.writeInt32BE(id, 6)
    row.writeInt32BE(bytes.length, 10)
    parts.push(row, bytes)
  }
  parts.push(Buffer.from([0xff, 0xff]))
  return new Uint8Array(Buffer.concat(parts))
}

async function failureOf(work: Promise<unknown>): Promise<DatabaseError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(DatabaseError)
  return error as DatabaseError
}

for (const engine of testEngines) {
  const title = `F3 database contract, ${engine.name}`
  describe.skipIf(engine.missing)(engine.missing ? `${title} (${engine.missing})` : title, () => {
    let tested: TestDatabase
    let database: Database

    beforeAll(async () => {
      tested = await engine.create()
      database = tested.database
      await database.transaction((transaction) =>
        transaction.script(
          'create table item (id int primary key, name text); create table note (id serial, at timestamptz)',
        ),
      )
    })
    afterAll(() => tested?.drop())

    test('capabilities say what it is', () => {
      expect(database.capabilities).toMatchObject({ engine: engine.name })
      expect(database.capabilities.postgres).toMatch(/^\d+\.\d+$/)
      expect(database.capabilities.timescaledb).toMatch(/^2\.\d+/)
      expect(['community', 'apache']).toContain(database.capabilities.edition)
    })

    test('every type of the contract comes back as it went in', async () => {
      const given = {
        small: -32_768,
        whole: 2_147_483_647,
        position: 2 ** 52 + 1,
        real: 0.1 + 0.2,
        nan: Number.NaN,
        infinite: -Infinity,
        flag: true,
        at: new Date('2036-02-29T23:59:59.999Z'),
        document: { 名: ['氨', "it's", { a: null }], quote: '"\\' },
        bytes: Uint8Array.from({ length: 512 }, (_, i) => i & 255),
        exact: '12345678901234567890.123456789',
        words: ['a,b', 'c"d', 'e\\f', '谯城', ''],
        numbers: [1, 2, 3],
        nothing: null,
        text: '涡河 {"} \\ $1 \t\n',
      }
      const [row] = await database.query(
        `select $1::int2 small, $2::int4 whole, $3::int8 "position", $4::float8 "real", $5::float8 nan,
                $6::float8 infinite, $7::boolean flag, $8::timestamptz "at", $9::jsonb "document", $10::bytea bytes,
                $11::numeric exact, $12::text[] words, $13::int8[] numbers, $14::text nothing, $15::text "text"`,
        Object.values(given),
      )
      expect(row).toEqual(given)
    })

    test('a large byte string survives', async () => {
      const bytes = new Uint8Array(3_000_000).map((_, i) => (i * 31) & 255)
      const [row] = await database.query<{ same: Uint8Array; n: number }>(
        'select $1::bytea as same, length($1::bytea) as n',
        [bytes],
      )
      expect(row?.n).toBe(bytes.length)
      expect(Buffer.compare(row!.same, bytes)).toBe(0)
    })

    test('a transaction that throws leaves nothing', async () => {
      const thrown = await database
        .transaction(async (transaction) => {
          await transaction.query(`insert into item values (-1, 'x')`)
          throw new Error('on purpose')
        })
        .catch((error: Error) => error.message)
      expect(thrown).toBe('on purpose')
      expect(await database.query('select * from item where id = -1')).toEqual([])
    })

    test('a transaction that swallowed a failure is not taken for committed', async () => {
      const error = await failureOf(
        database.transaction(async (transaction) => {
          await transaction.query(`insert into item values (-2, 'x')`)
          await transaction.query('select 1/0').catch(() => undefined)
        }),
      )
      expect(error.sqlState).toBe('22012')
      expect(await database.query('select * from item where id = -2')).toEqual([])
    })

    test('copyIn takes 10,000 rows, and gives them back', async () => {
      const rows = Array.from({ length: 10_000 }, (_, i) => [i, `点 ${i}`] as const)
      const data = copyStream(rows)
      const copied = await database.transaction((transaction) =>
        transaction.copyIn('item', ['id', 'name'], data),
      )
      expect(copied).toBe(10_000)
      expect(data.length).toBeGreaterThan(0)
      const [sum] = await database.query(
        `select count(*)::int n, sum(id)::int8 ids, min(name) first from item where id >= 0`,
      )
      expect(sum).toEqual({ n: 10_000, ids: 49_995_000, first: '点 0' })
    })

    test('a copy that breaks leaves nothing and the connection usable', async () => {
      const twice = copyStream([
        [20_000, 'a'],
        [20_000, 'b'],
      ])
      const conflict = await failureOf(
        database.transaction((transaction) => transaction.copyIn('item', ['id', 'name'], twice)),
      )
      expect(conflict).toMatchObject({ code: 'database-conflict', sqlState: '23505', retryable: false })
      const cut = copyStream([[20_001, 'abc']]).subarray(0, 30)
      const torn = await failureOf(
        database.transaction((transaction) => transaction.copyIn('item', ['id', 'name'], cut)),
      )
      expect(torn).toMatchObject({ code: 'database-refused', retryable: false })
      expect(torn.sqlState).toMatch(/^22/)
      expect(await database.query('select id from item where id >= 20000')).toEqual([])
    })

    test('F8 errors are classified by their SQLSTATE', async () => {
      expect(await failureOf(database.query('selec 1'))).toMatchObject({
        code: 'database-refused',
        retryable: false,
        sqlState: '42601',
      })
      expect(await failureOf(database.query('select $1::int4', ['abc']))).toMatchObject({
        code: 'database-refused',
        sqlState: '22P02',
      })
      expect(await failureOf(database.query('select $1::text', ['a\0b']))).toMatchObject({
        code: 'database-refused',
      })
      expect(await failureOf(database.query('select $1::text', [Symbol('x')]))).toMatchObject({
        code: 'database-refused',
      })
      await database.query(`insert into item values (-5, 'x')`)
      expect(await failureOf(database.query(`insert into item values (-5, 'x')`))).toMatchObject({
        code: 'database-conflict',
        sqlState: '23505',
      })
      const raised = `do $$ begin raise exception 'serialise' using errcode = '40001'; end $$`
      expect(await failureOf(database.query(raised))).toMatchObject({
        code: 'database-conflict',
        retryable: true,
      })
      expect(await database.query('select 1 as one')).toEqual([{ one: 1 }])
    })

    test('transactions and queries of many callers do not mix', async () => {
      await database.query(`insert into item values (-10, '0')`)
      const add = () =>
        database.transaction(async (transaction) => {
          const [row] = await transaction.query<{ name: string }>(
            'select name from item where id = -10 for update',
          )
          await transaction.query('update item set name = $1 where id = -10', [String(Number(row!.name) + 1)])
        })
      const look = () => database.query('select count(*) from note')
      await Promise.all(Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? add() : look())))
      expect(await database.query('select name from item where id = -10')).toEqual([{ name: '20' }])
    })

    test('hypertables work, and sync returns', async () => {
      await database.transaction((transaction) =>
        transaction.script(`create table sample (time timestamptz not null, v int);
          select create_hypertable('sample', by_range('time', interval '1 day'))`),
      )
      await database.query(
        `insert into sample select t, 1 from generate_series('2026-01-01'::timestamptz, '2026-01-03', '1 hour') t`,
      )
      await database.sync()
      const days = await database.query(
        `select time_bucket('1 day', time) as day, count(*)::int as n from sample group by 1 order by 1`,
      )
      expect(days).toEqual([
        { day: new Date('2026-01-01'), n: 24 },
        { day: new Date('2026-01-02'), n: 24 },
        { day: new Date('2026-01-03'), n: 1 },
      ])
    })

    test('close is clean, can be called twice, and what was committed is there again', async () => {
      const other = await engine.create()
      try {
        await other.database.query('create table kept (id int)')
        const late = other.database.query('insert into kept values (7)')
        await late
        await Promise.all([other.database.close(), other.database.close()])
        expect(await failureOf(other.database.query('select 1'))).toMatchObject({
          code: 'database-unavailable',
        })
        const again = await openDatabase(other.location)
        expect(await again.query('select id from kept')).toEqual([{ id: 7 }])
        expect(again.capabilities).toEqual(database.capabilities)
        await again.close()
      } finally {
        await other.drop()
      }
    })
  })
}
