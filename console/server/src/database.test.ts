import { fileURLToPath } from 'node:url'
import { type Alert, type History, Quality, toSmallint } from '@farwatch/model'
import { type Database, migrate, silentLog } from '@farwatch/runtime'
import { type TestDatabase, testEngines } from '@farwatch/runtime/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ProblemBody } from './http/problem.ts'
import type { DeviceBody, PointBody } from './http/schemas.ts'
import { alertOf, eventually, jpeg, startConsole, telemetry } from './testing.ts'

const t0 = Math.floor(Date.now() / 60_000) * 60_000 - 3_600_000
const key = 'E01/gas/lel'

/** What writer and projector of alerts would have committed: an hour of seconds with a gap, and one of each other thing. */
async function fill(database: Database): Promise<void> {
  const named = JSON.stringify({})
  await database.query("insert into site values ('E01', true, $1), ('OLD', false, $1)", [named])
  await database.query("insert into device values ('E01', 'gas', true, $1), ('OLD', 'd', false, $1)", [named])
  await database.query(
    `insert into point (key, site, device, metric, registered, definition)
     values ($2, 'E01', 'gas', 'lel', true, $1), ('OLD/d/m', 'OLD', 'd', 'm', false, $1)`,
    [named, key],
  )
  await database.query(
    `insert into reading (time, point_id, value, quality, batch)
     select $1::timestamptz + make_interval(secs => s), p.id, s, 0, 1
       from point p, generate_series(0, 3599) s
      where p.key = $2 and s not between 600 and 1199`,
    [new Date(t0), key],
  )
  await database.query(
    `insert into reading (time, point_id, value, quality, batch)
     select $1::timestamptz, p.id, null, $3::int, 2 from point p where p.key = $2`,
    [new Date(t0 + 3_600_000), key, toSmallint(Quality.badNoCommunication)],
  )
  await database.query("insert into gateway_seen values ('gw-e01', $1, $2)", [
    JSON.stringify({ v: 1, online: true }),
    new Date(t0),
  ])
  await database.query("insert into picture values (7, $1, 'e10-kitchen', 'rat', '\\x00', $2)", [
    new Date(t0),
    jpeg('kept'),
  ])
  await database.query(
    `insert into camera_event values (8, $1, 'e', 'e10-kitchen', 'new', 'rat', 0.8, '[]', $1, $1, null)`,
    [new Date(t0)],
  )
  await database.query(
    "insert into quarantine values (9, $1, 'telemetry/E01/gas', 'c1', 'not JSON', 5, $2)",
    [new Date(t0), new TextEncoder().encode('{oops')],
  )
  for (const n of [1, 2]) {
    const { id, title, why, setMs } = alertOf(n)
    await database.query(
      `insert into alert values
         ($1, 'gas-high', 1, 'E01/gas/lel', 'E01', 'red', $2, $3, $4, '%LEL', 25, 30, 31, $5, null, 1)`,
      [id, n === 1 ? 'normal' : 'unacknowledged', title, why, new Date(setMs)],
    )
    await database.query(
      `insert into alert_transition values ($1, 1, 'raised', 'unacknowledged', $2, $2, null, null, 30)`,
      [id, new Date(setMs)],
    )
  }
}

for (const engine of testEngines) {
  describe.skipIf(engine.missing)(
    `the console on the ${engine.name} database ${engine.missing ?? ''}`,
    () => {
      let created: TestDatabase
      let database: Database
      let console: Awaited<ReturnType<typeof startConsole>>

      beforeAll(async () => {
        created = await engine.create()
        database = created.database
        for (const service of ['ingest', 'rules']) {
          const migrations = fileURLToPath(new URL(`../../../${service}/migrations`, import.meta.url))
          await migrate(database, { service, folder: migrations, log: silentLog })
        }
        await fill(database)
        console = await startConsole({}, { database })
      })

      afterAll(async () => {
        await console?.stop()
        await created?.drop()
      })

      async function read<T>(path: string): Promise<T> {
        const response = await fetch(console.url + path)
        return (await response.json()) as T
      }

      const readings = (from: number, to: number, more = '') =>
        `/api/readings?point=${key}&from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}${more}`

      test('F3 after a restart the last values, gateways, pictures and events come from the database', async () => {
        const [device] = await eventually(async () => {
          const devices = await read<DeviceBody[]>('/api/devices?site=E10')
          return devices[0]?.camera?.event != null && devices
        })
        expect(device?.camera).toMatchObject({
          pictureMs: t0,
          event: { label: 'rat', score: 0.8, timeMs: t0 },
        })
        const picture = await fetch(console.url + device?.camera?.pictureUrl)
        expect(new Uint8Array(await picture.arrayBuffer())).toEqual(jpeg('kept'))
        const points = await read<PointBody[]>('/api/points?site=E01')
        expect(points.find((point) => point.key === key)?.last).toEqual({
          ...{
            timeMs: t0 + 3_600_000,
            receivedMs: t0 + 3_600_000,
            value: null,
            quality: Quality.badNoCommunication,
          },
        })
        expect(await read('/api/gateways')).toMatchObject([{ id: 'gw-e01', online: true }])
        expect(await read('/api/health')).toMatchObject({ status: 'ok' })
      })

      test('what the journal has that the database has not is newer, whichever is read first', async () => {
        await console.append(telemetry('E01/gas', { lel: 77 }, t0 + 3_601_000))
        await console.append(telemetry('E01/gas', { fan: 1 }, t0))
        await eventually(async () => {
          const points = await read<PointBody[]>('/api/points?site=E01')
          return points.every(({ last }) => last !== null)
        })
        const points = await read<PointBody[]>('/api/points?site=E01')
        expect(points.map(({ last }) => last?.value)).toEqual([1, 77])
      })

      test('history is raw, with the quality, or in steps, where a gap is a gap', async () => {
        const raw = await read<History>(readings(t0 + 598_000, t0 + 1_202_000))
        expect(raw).toMatchObject({ point: key, stepMs: null })
        expect(raw.rows.map((row) => [(row.timeMs - t0) / 1000, 'value' in row && row.value])).toEqual([
          [598, 598],
          [599, 599],
          [1200, 1200],
          [1201, 1201],
        ])
        const bad = await read<History>(readings(t0 + 3_600_000, t0 + 3_600_001))
        expect(bad.rows).toEqual([
          { timeMs: t0 + 3_600_000, value: null, quality: Quality.badNoCommunication },
        ])
        const stepped = await read<History>(readings(t0, t0 + 3_600_000, '&step=5m'))
        expect(stepped.stepMs).toBe(300_000)
        expect(stepped.rows.reduce((sum, row) => sum + ('count' in row ? row.count : 0), 0)).toBe(3000)
        const minutes = await read<History>(readings(t0 + 540_000, t0 + 1_260_000, '&step=1m'))
        expect(minutes.rows).toEqual([
          { timeMs: t0 + 540_000, min: 540, avg: 569.5, max: 599, count: 60 },
          { timeMs: t0 + 1_200_000, min: 1200, avg: 1229.5, max: 1259, count: 60 },
        ])
      })

      test('a point without readings in the range has an empty history; one that nobody knows is a problem', async () => {
        expect((await read<History>(readings(t0 - 2000, t0 - 1000))).rows).toEqual([])
        const unknown = await read<ProblemBody>('/api/readings?point=E01/gas/none')
        expect(unknown).toMatchObject({ status: 404, title: 'Found no point E01/gas/none' })
      })

      test('F8 a range with too many readings is refused with what to do, and the console goes on', async () => {
        await database.query(
          `insert into reading (time, point_id, value, quality, batch)
     select $1::timestamptz + make_interval(secs => s / 10.0), p.id, s, 0, 3
       from point p, generate_series(1, 25000) s where p.key = 'OLD/d/m'`,
          [new Date(t0)],
        )
        const path = readings(t0, t0 + 3_600_000).replace(key, 'OLD/d/m')
        expect(await read<ProblemBody>(path)).toMatchObject({
          ...{ type: 'urn:farwatch:problem:range-too-wide', status: 422 },
          title: 'The range is too wide: found more than 20000 readings',
          detail: expect.stringContaining('step=1h'),
        })
        expect((await read<History>(`${path}&step=1h`)).rows.length).toBeGreaterThan(0)
      })

      test('F8 quarantine shows what was refused and why', async () => {
        expect(await read('/api/quarantine')).toEqual([
          {
            ...{ receivedMs: t0, topic: 'telemetry/E01/gas', client: 'c1', reason: 'not JSON', size: 5 },
            beginning: Buffer.from('{oops').toString('base64'),
          },
        ])
      })

      test('alerts of the past come from the record; what the desk knows is newer', async () => {
        console.desk.put(alertOf(2, { worst: 99 }))
        const all = await read<Alert[]>('/api/alerts?state=all')
        expect(all.map(({ id, state, worst }) => [id, state, worst])).toEqual([
          [alertOf(2).id, 'unacknowledged', 99],
          [alertOf(1).id, 'normal', 31],
        ])
        const closed = await read<Alert[]>('/api/alerts?state=closed&level=red&site=E01')
        expect(closed).toMatchObject([
          { id: alertOf(1).id, limit: 25, transitions: [{ n: 1, kind: 'raised' }] },
        ])
        expect(await read('/api/alerts?state=closed&site=E10')).toEqual([])
      })

      test('W3 quarantine, history and alerts of the past are told to those in whose area they lie', async () => {
        const limited = { role: 'operator', department: null, enterprise: null } as const
        console.access.enter('here', [{ ...limited, jurisdiction: '341602' }])
        console.access.enter('there', [{ ...limited, jurisdiction: '341623' }])
        const told = async (account: string, path: string) => {
          const cookie = `farwatch-session=secret-of-${account}`
          const response = await fetch(console.url + path, { headers: { cookie } })
          return { status: response.status, body: (await response.json()) as unknown }
        }
        for (const path of ['/api/quarantine', '/api/alerts?state=closed', '/api/alerts?state=all']) {
          expect([path, await told('there', path)]).toEqual([path, { status: 200, body: [] }])
          expect([path, (await told('here', path)).body]).toEqual([path, await read(path)])
        }
        const history = readings(t0, t0 + 3_600_000)
        expect((await told('here', history)).status).toBe(200)
        const elsewhere = await told('there', history)
        const nowhere = await told('there', history.replace(key, 'E99/gas/lel'))
        expect(elsewhere.status).toBe(404)
        expect(JSON.stringify(elsewhere).replaceAll('E01', 'E99')).toBe(JSON.stringify(nowhere))
      })
    },
  )
}
