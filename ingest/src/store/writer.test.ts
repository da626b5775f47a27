import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Registry, type Series } from '@farwatch/model'
import {
  createMetrics,
  type Database,
  DatabaseError,
  type Journal,
  openJournal,
  type Service,
  silentLog,
  systemClock,
} from '@farwatch/runtime'
import { type TestDatabase, testEngines } from '@farwatch/runtime/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { writerPosition } from './commit.ts'
import { syncRegistry } from './registry-rows.ts'
import { recordOf, seriesOfValues, TestGateway } from './testing.ts'
import { startWriter, type WriterDeps, type WriterState } from './writer.ts'

// Opening the embedded engine takes seconds on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

const name = { zh: '名', en: 'name' }
const site = { id: 'E01', name, kind: 'distillery', latitude: 33.9, longitude: 115.7 }
const so2 = { metric: 'so2', name, unit: 'mg/m³' }
const registryWith = (...devices: unknown[]) => Registry.parse({ sites: [{ ...site, devices }] })
const registry = registryWith({ id: 'stack', name, points: [so2] })
const t0 = Date.UTC(2026, 10, 23, 12)

for (const engine of testEngines) {
  const title = `F3 writer, ${engine.name}`
  describe.skipIf(engine.missing)(engine.missing ? `${title} (${engine.missing})` : title, () => {
    let tested: TestDatabase
    let database: Database
    let folder: string
    let journal: Journal
    let writer: (Service & WriterState) | undefined

    const start = async (more: Partial<WriterDeps> = {}) => {
      writer = await startWriter({
        database,
        journal,
        registry,
        clock: systemClock,
        log: silentLog,
        metrics: createMetrics(),
        ...more,
      })
      return writer
    }
    const append = async (records: Iterable<Uint8Array>) => {
      await Promise.all(Array.from(records, (record) => journal.append(record)))
    }
    const caughtUp = () =>
      expect
        .poll(() => ({ behind: writer?.behind, problem: writer?.problem }), { timeout: 30_000 })
        .toEqual({ behind: 0, problem: undefined })
    const one = async <Row>(sql: string, parameters: unknown[] = []) =>
      (await database.query<Row>(sql, parameters))[0]

    beforeAll(async () => {
      tested = await engine.create()
      database = tested.database
      folder = await mkdtemp(join(tmpdir(), 'farwatch-writer-'))
      journal = await openJournal({ folder, log: silentLog })
    })
    afterEach(async () => {
      await writer?.stop()
      writer = undefined
    })
    afterAll(async () => {
      await journal?.close()
      await tested?.drop()
      await rm(folder, { recursive: true, force: true })
    })

    test('every kind of record arrives in its table, unknown points as unregistered', async () => {
      const gateway = new TestGateway('GW-1')
      const series = {
        ...seriesOfValues('E01/stack/so2', t0, [1.5, Number.NaN, -3]),
        qualities: Uint16Array.of(0, 0x808c, 0x4090),
      }
      await append([
        gateway.batch([series, seriesOfValues('E01/new/门', t0, [1])], t0 + 5_000),
        recordOf.telemetry('E99', 'box', { ts: t0 + 1, values: { so2: 12.3, run: true } }),
        recordOf.telemetry('E99', 'box', { so2: 12.4 }, t0 + 60_000),
        recordOf.cameraEvent({
          id: 'ev\0il',
          camera: 'cam1',
          label: 'person',
          frame_time: t0 / 1_000 + 0.25,
          start_time: t0 / 1_000,
          score: 0.7,
          current_zones: ['门'],
        }),
        recordOf.cameraEvent({ id: 'x', camera: 'cam1', label: 'p', frame_time: 1e300, start_time: 0 }),
        recordOf.picture('cam1', Uint8Array.of(0xff, 0xd8, 0, 1)),
        recordOf.status('GW-1', { v: 1, online: true }, t0),
        recordOf.status('GW-1', { v: 1, online: false }, t0 + 1_000),
        recordOf.quarantine('not JSON \0'),
        Uint8Array.of(0xff, 1, 2),
      ])
      await start()
      await caughtUp()
      const readings = await database.query(
        `select key, time, value, quality, batch from reading join point on point_id = id order by batch, key, time`,
      )
      const at = (ms: number) => new Date(ms)
      expect(readings).toEqual([
        { key: 'E01/new/门', time: at(t0), value: 1, quality: 0, batch: 1 },
        { key: 'E01/stack/so2', time: at(t0), value: 1.5, quality: 0, batch: 1 },
        { key: 'E01/stack/so2', time: at(t0 + 1_000), value: null, quality: 0x808c - 0x1_0000, batch: 1 },
        { key: 'E01/stack/so2', time: at(t0 + 2_000), value: -3, quality: 0x4090, batch: 1 },
        { key: 'E99/box/run', time: at(t0 + 1), value: 1, quality: 0, batch: 2 },
        { key: 'E99/box/so2', time: at(t0 + 1), value: 12.3, quality: 0, batch: 2 },
        { key: 'E99/box/so2', time: at(t0 + 60_000), value: 12.4, quality: 0, batch: 3 },
      ])
      expect(await one('select * from api_batch')).toMatchObject({
        position: 1,
        gateway: 'GW-1',
        chain: '0123456789abcdef',
        seq: 1,
        prev: new Uint8Array(32),
        hash: gateway.head.hash,
        key_id: gateway.keyId,
        readings: 4,
        series: 2,
        made_at: at(t0 + 4_900),
        received_at: at(t0 + 5_000),
      })
      expect(
        await database.query('select event, score, zones, time, ended_at from api_camera_event'),
      ).toEqual([{ event: 'ev\ufffdil', score: 0.7, zones: ['门'], time: at(t0 + 250), ended_at: null }])
      expect(await one('select camera, jpeg, length(sha256) as hash from api_picture')).toEqual({
        camera: 'cam1',
        jpeg: Uint8Array.of(0xff, 0xd8, 0, 1),
        hash: 32,
      })
      expect(await database.query('select gateway, status, received_at from api_gateway')).toEqual([
        { gateway: 'GW-1', status: { v: 1, online: false, links: [] }, received_at: at(t0 + 1_000) },
      ])
      expect(
        await database.query('select position, topic, reason, size from api_quarantine order by position'),
      ).toEqual([
        {
          position: 5,
          topic: 'journal/camera-event',
          reason:
            'the record cannot be read: after.frame_time: Too big: expected number to be <=253402300799.999',
          size: expect.any(Number),
        },
        { position: 9, topic: 'telemetry/a/b', reason: 'not JSON \ufffd', size: 100_000_000 },
        {
          position: 10,
          topic: 'journal/unreadable',
          reason: expect.stringMatching(/^the record cannot be read: /),
          size: 3,
        },
      ])
      const points = await database.query(
        `select key, registered, definition->>'unit' as unit from api_point order by key`,
      )
      expect(points).toEqual([
        { key: 'E01/new/门', registered: false, unit: '' },
        { key: 'E01/stack/so2', registered: true, unit: 'mg/m³' },
        { key: 'E99/box/run', registered: false, unit: '' },
        { key: 'E99/box/so2', registered: false, unit: '' },
      ])
      expect(await writerPosition(database)).toBe(11)
    })

    test('a batch that came twice is stored once, another one in its place goes to quarantine', async () => {
      const gateway = new TestGateway('GW-2')
      const first = gateway.batch([seriesOfValues('E01/two/a', t0, [1, 2])])
      const second = gateway.batch([seriesOfValues('E01/two/a', t0 + 9_000, [3])])
      const forged = new TestGateway('GW-2').batch([seriesOfValues('E01/two/a', t0 + 99_000, [666])])
      await append([first, first, second])
      await start()
      await caughtUp()
      await append([forged, first, second])
      await caughtUp()
      const values = await database.query(
        `select value from reading join point on point_id = id where key = 'E01/two/a' order by time`,
      )
      expect(values).toEqual([{ value: 1 }, { value: 2 }, { value: 3 }])
      expect(await one(`select client, reason from quarantine order by position desc limit 1`)).toEqual({
        client: 'GW-2',
        reason: 'sequence 1 of this chain is another batch already',
      })
      expect(
        await database.query(`select seq, hash from batch where gateway = 'GW-2' order by seq desc limit 1`),
      ).toEqual([gateway.head])
    })

    test('F8 readings of a batch stamped 2036 or 1970 stand in quarantine, the others are stored', async () => {
      const stamped = (metric: string, timesMs: number[]): Series => ({
        point: `E01/clock/${metric}`,
        timeSource: 'device',
        timesMs: Float64Array.from(timesMs),
        values: Float64Array.from(timesMs, (_, i) => i),
        qualities: new Uint16Array(timesMs.length),
      })
      const series = [stamped('good', [t0 - 1_000]), stamped('mixed', [0, t0 - 500, Date.UTC(2036, 1, 7)])]
      await append([new TestGateway('GW-CLOCK').batch(series, t0)])
      await start()
      await caughtUp()
      const rows = await database.query(
        `select key, value from reading join point on point_id = id where key like 'E01/clock/%' order by key`,
      )
      expect(rows).toEqual([
        { key: 'E01/clock/good', value: 0 },
        { key: 'E01/clock/mixed', value: 1 },
      ])
      const refused = await one<{ reason: string }>(
        `select reason from quarantine where topic = 'farwatch/v1/GW-CLOCK/batch'`,
      )
      expect(refused?.reason).toMatch(/^implausible-time: 2 readings .*E01\/clock\/mixed stamped 1970-01-01/)
    })

    test('a registry that changes registers and unregisters, and deletes nothing', async () => {
      await syncRegistry(database, registryWith({ id: 'new', name, points: [{ metric: '门', name }] }))
      const state = () =>
        database.query(`select key, registered from point where site = 'E01' and device in ('new', 'stack')
          order by key`)
      expect(await state()).toEqual([
        { key: 'E01/new/门', registered: true },
        { key: 'E01/stack/so2', registered: false },
      ])
      expect(await one(`select registered from api_device where device = 'stack'`)).toEqual({
        registered: false,
      })
      await syncRegistry(database, registry)
      expect(await state()).toEqual([
        { key: 'E01/new/门', registered: false },
        { key: 'E01/stack/so2', registered: true },
      ])
      expect(await one(`select registered from api_site where site = 'E99'`)).toEqual({ registered: false })
    })

    test('F8 a record that the database refuses is isolated; the others go on', async () => {
      await database.transaction((transaction) =>
        transaction.script(`alter table camera_event add constraint poison check (label <> 'poison')`),
      )
      const event = (label: string, n: number) =>
        recordOf.cameraEvent({ id: `p${n}`, camera: 'cam2', label, frame_time: n, start_time: n })
      await append(Array.from({ length: 100 }, (_, n) => event(n === 37 || n === 99 ? 'poison' : 'cat', n)))
      await start()
      await caughtUp()
      expect(await one(`select count(*) from camera_event where camera = 'cam2'`)).toEqual({ count: 98 })
      const refused = await database.query<{ reason: string }>(
        `select reason from quarantine where topic = 'journal/camera-event' and reason like 'the database%'`,
      )
      expect(refused.map(({ reason }) => reason)).toEqual([
        expect.stringContaining('poison'),
        expect.stringContaining('poison'),
      ])
      await database.query('alter table camera_event drop constraint poison')
    })

    test('a database that does not work is waited for, and what came meanwhile is written', async () => {
      await start()
      await database.query('alter table reading rename to reading_away')
      await append(
        Array.from({ length: 50 }, (_, n) =>
          recordOf.telemetry('E99', 'wait', { ts: t0 + n, values: { a: n } }),
        ),
      )
      await expect.poll(() => writer?.state, { timeout: 30_000 }).toBe('waiting')
      expect(writer?.problem).toContain('reading')
      expect(writer?.behind).toBe(50)
      await database.query('alter table reading_away rename to reading')
      await caughtUp()
      expect(writer).toMatchObject({ state: 'writing', problem: undefined })
      expect(
        await one(
          `select count(*), sum(value) from reading join point on point_id = id where device = 'wait'`,
        ),
      ).toEqual({ count: 50, sum: 1_225 })
    })

    test('a commit whose answer was lost is not done twice', async () => {
      let losses = 0
      const lossy: Database = {
        ...database,
        capabilities: database.capabilities,
        query: (sql, parameters) => database.query(sql, parameters),
        sync: () => database.sync(),
        close: () => database.close(),
        transaction: async (work) => {
          const result = await database.transaction(work)
          if (writer !== undefined && losses++ % 2 === 0) throw new DatabaseError('the answer was lost')
          return result
        },
      }
      await start({ database: lossy, limits: { records: 7 } })
      await append(
        Array.from({ length: 40 }, (_, n) =>
          recordOf.telemetry('E99', 'lost', { ts: t0 + n, values: { a: n } }),
        ),
      )
      await caughtUp()
      expect(losses).toBeGreaterThan(1)
      expect(
        await one(
          `select count(*), sum(value) from reading join point on point_id = id where device = 'lost'`,
        ),
      ).toEqual({ count: 40, sum: 780 })
    })

    test('what a database has lost that it had committed is written again', async () => {
      const records = (from: number) =>
        Array.from({ length: 5 }, (_, n) =>
          recordOf.telemetry('E99', 'failover', { ts: t0 + from + n, values: { a: from + n } }),
        )
      await start()
      await append(records(0))
      await caughtUp()
      // A standby that had not heard of the last commits takes over.
      const behind = journal.next - 3
      await database.query('delete from reading where batch >= $1', [behind])
      await database.query(`update progress set position = $1 where name = 'writer'`, [behind])
      await append(records(5))
      await caughtUp()
      expect(
        await one(
          `select count(*), sum(value) from reading join point on point_id = id where device = 'failover'`,
        ),
      ).toEqual({ count: 10, sum: 45 })
    })

    test('pictures and quarantine are bounded', async () => {
      await append([
        ...Array.from({ length: 205 }, (_, n) => recordOf.picture('cam3', Uint8Array.of(n))),
        ...Array.from({ length: 10_030 }, (_, n) => recordOf.quarantine(`r${n}`)),
      ])
      await start()
      await caughtUp()
      expect(
        await one(`select count(*), min(get_byte(jpeg, 0)) as oldest from picture where camera = 'cam3'`),
      ).toEqual({ count: 200, oldest: 5 })
      expect(await one('select count(*), max(position) as newest from quarantine')).toEqual({
        count: 10_000,
        newest: journal.next - 1,
      })
    })

    test('the journal may forget what is durable, and only that', async () => {
      let isSure = false
      const unsure: Database = {
        ...database,
        capabilities: { ...database.capabilities, engine: 'embedded' },
        query: (sql, parameters) => database.query(sql, parameters),
        transaction: (work) => database.transaction(work),
        close: () => database.close(),
        sync: () =>
          isSure ? database.sync() : Promise.reject(new DatabaseError('the disk does not take it')),
      }
      const cursor = await journal.cursor('writer')
      const before = cursor.position
      await start({ database: unsure })
      await append([recordOf.telemetry('E99', 'sync', { a: 1 })])
      await caughtUp()
      await writer?.stop()
      expect(cursor.position).toBe(before)
      isSure = true
      await start({ database: unsure })
      await writer?.stop()
      expect(cursor.position).toBe(journal.next)
    })

    test('F8 a database ahead of the journal is refused with both places', async () => {
      const other = await mkdtemp(join(tmpdir(), 'farwatch-writer-'))
      const empty = await openJournal({ folder: other, log: silentLog })
      await expect(start({ journal: empty })).rejects.toMatchObject({
        code: 'journal-mismatch',
        message: expect.stringContaining('the journal ends before 1'),
      })
      await empty.close()
      await rm(other, { recursive: true, force: true })
    })
  })
}
