import type { Database } from '@farwatch/runtime'
import { silentLog } from '@farwatch/runtime'
import { type TestDatabase, testEngines } from '@farwatch/runtime/testing'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { migrateStore } from './schema.ts'

// Opening the embedded engine takes seconds on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

for (const engine of testEngines) {
  const title = `F3 history in SQL, ${engine.name}`
  describe.skipIf(engine.missing)(engine.missing ? `${title} (${engine.missing})` : title, () => {
    let tested: TestDatabase
    let database: Database
    const steps = (from: string, to: string, step: string) =>
      database.query(`select * from history_steps('S/d/m', $1, $2, $3)`, [from, to, step])
    const raw = (from: string, to: string, rows: number) =>
      database.query<{ time: Date }>(`select * from history_raw('S/d/m', $1, $2, $3)`, [from, to, rows])

    beforeAll(async () => {
      tested = await engine.create()
      database = tested.database
      await migrateStore(database, silentLog)
      await database.transaction((transaction) =>
        transaction.script(`
          insert into site (id, registered, definition) values ('S', true, '{}');
          insert into device (site, id, registered, definition) values ('S', 'd', true, '{}');
          insert into point (key, site, device, metric, registered, definition)
            values ('S/d/m', 'S', 'd', 'm', true, '{}'), ('S/d/n', 'S', 'd', 'n', true, '{}');
          insert into reading select '2026-03-01T00:00:00Z'::timestamptz + s * interval '1 minute', 1, s % 60, 0, 1
            from generate_series(0, 2879) s where s / 60 <> 5;
          insert into reading values
            ('2026-03-01T05:10:00Z', 1, 1000, -32768, 2), ('2026-03-01T05:20:00Z', 1, null, 16384, 2),
            ('2026-03-01T06:00:30Z', 1, 500, 16384, 2), ('2026-03-01T06:00:30Z', 2, 7, 0, 2)`),
      )
    })
    afterAll(() => tested?.drop())

    test('raw readings come in order, from inclusive, to exclusive', async () => {
      const rows = await raw('2026-03-01T05:00:00Z', '2026-03-01T06:01:00Z', 10)
      expect(rows).toEqual([
        { time: new Date('2026-03-01T05:10:00Z'), value: 1000, quality: -32768 },
        { time: new Date('2026-03-01T05:20:00Z'), value: null, quality: 16384 },
        { time: new Date('2026-03-01T06:00:00Z'), value: 0, quality: 0 },
        { time: new Date('2026-03-01T06:00:30Z'), value: 500, quality: 16384 },
      ])
      expect(await raw('2026-03-01T06:00:00Z', '2026-03-01T06:00:00Z', 10)).toEqual([])
      expect(
        await database.query(`select * from history_raw('no/such/point', '2026-01-01', now(), 10)`),
      ).toEqual([])
    })

    test('steps count usable readings only, and a step without any is absent', async () => {
      expect(await steps('2026-03-01T04:00:00Z', '2026-03-01T07:00:00Z', '1 hour')).toEqual([
        { time: new Date('2026-03-01T04:00:00Z'), min: 0, avg: 29.5, max: 59, count: 60 },
        { time: new Date('2026-03-01T06:00:00Z'), min: 0, avg: (29.5 * 60 + 500) / 61, max: 500, count: 61 },
      ])
    })

    test('days are local days', async () => {
      const days = await steps('2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z', '1 day')
      expect(days).toMatchObject([
        { time: new Date('2026-02-28T16:00:00Z'), count: 15 * 60 + 1 },
        { time: new Date('2026-03-01T16:00:00Z'), count: 8 * 60 },
      ])
    })

    test('F8 a question that costs too much is refused with SQLSTATE 54000 and what to do', async () => {
      const tooMuch = { code: 'database-refused', sqlState: '54000' }
      await expect(raw('2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z', 1_000)).rejects.toMatchObject({
        ...tooMuch,
        message: expect.stringContaining('take a shorter range, or steps'),
      })
      await expect(steps('2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z', '1 second')).rejects.toMatchObject({
        ...tooMuch,
        message: expect.stringContaining('take a shorter range or a longer step'),
      })
      await expect(steps('-infinity', 'infinity', '1 day')).rejects.toMatchObject(tooMuch)
    })

    test('F8 a scan that grows too large is given up', async () => {
      const [made] = await database.query<{ definition: string }>(
        `select pg_get_functiondef('history_steps'::regproc) as definition`,
      )
      const bound = 'max_readings constant int := 600000'
      expect(made!.definition).toContain(bound)
      const narrow = (by: string) => database.transaction((transaction) => transaction.script(by))
      await narrow(made!.definition.replace(bound, 'max_readings constant int := 100'))
      const march = () => steps('2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z', '1 hour')
      await expect(march()).rejects.toMatchObject({
        code: 'database-refused',
        sqlState: '54000',
        message: expect.stringContaining('more than 100 readings'),
      })
      await narrow(made!.definition)
      expect(await march()).toHaveLength(23)
    })

    test('F8 steps and limits that mean nothing are refused', async () => {
      for (const step of ['0 seconds', '-1 hours', '1 month', '100 milliseconds']) {
        await expect(steps('2026-03-01', '2026-03-02', step)).rejects.toMatchObject({ sqlState: '22023' })
      }
      await expect(raw('2026-03-01', '2026-03-02', 0)).rejects.toMatchObject({ sqlState: '22023' })
      await expect(raw('2026-03-01', '2026-03-02', 100_001)).rejects.toMatchObject({ sqlState: '22023' })
    })

    test('api_point gives the newest reading of recent days', async () => {
      await database.query(
        `insert into reading values (now() - interval '1 hour', 2, 1, 0, 9), (now() - interval '1 minute', 2, 2, 0, 9),
           (now() - interval '2 days', 2, 3, 0, 9)`,
      )
      const points = await database.query('select key, last_value, last_quality from api_point order by key')
      expect(points).toEqual([
        { key: 'S/d/m', last_value: null, last_quality: null },
        { key: 'S/d/n', last_value: 2, last_quality: 0 },
      ])
    })
  })
}
