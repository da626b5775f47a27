import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openActLog } from '@farwatch/audit'
import { eventually, Page, startConsole, telemetry } from '@farwatch/console-server/testing'
import { generateKeyPem, signingKey } from '@farwatch/evidence'
import type { Change, Entity, Grant } from '@farwatch/model'
import { openRegistry } from '@farwatch/registry'
import { createMetrics, silentLog, systemClock } from '@farwatch/runtime'
import { afterAll, beforeAll, expect, test } from 'vitest'

const key = signingKey(generateKeyPem())
const everywhere = { jurisdiction: null, department: null, enterprise: null }
const inCounty = (role: Grant['role'], jurisdiction: string): Grant[] => [
  { ...everywhere, role, jurisdiction },
]
const text = (zh: string) => ({ zh, en: zh })

let folder: string
let world: Awaited<ReturnType<typeof openWorld>>

/** The console over a registry over the real log of acts. */
async function openWorld() {
  const deps = { clock: systemClock, log: silentLog }
  const acts = await openActLog({ folder: join(folder, 'acts'), key, ...deps })
  const registry = await openRegistry({ acts, ...deps, metrics: createMetrics() })
  const console = await startConsole({}, { acts, registryDesk: registry })
  const stop = async () => {
    await console.stop()
    await registry.stop()
    await acts.stop()
  }
  return { acts, registry, console, stop }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'farwatch-registry-'))
  world = await openWorld()
  const made = await ask('manager', 'POST', '/changes', { changes: beginning, reason: '初始登记' })
  expect([made.status, (await made.json()) as unknown]).toMatchObject([200, { version: 1 }])
})

afterAll(async () => {
  await world.stop()
  await rm(folder, { recursive: true })
})

const people: Readonly<Record<string, readonly Grant[]>> = {
  manager: [{ ...everywhere, role: 'manager' }],
  qiaocheng: inCounty('manager', '341602'),
  guoyang: inCounty('manager', '341621'),
  operator: inCounty('operator', '341602'),
  firm: [{ ...everywhere, role: 'enterprise', enterprise: '91341602MA0DEM001C' }],
}
type Method = 'GET' | 'PUT' | 'POST' | 'DELETE'

function ask(
  who: string,
  method: Method,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
) {
  const token = world.console.access.giveToken(who, people[who]!)
  const url = `${world.console.url}${path.startsWith('/api') ? path : `/api/registry${path}`}`
  return fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
}

async function read<T>(who: string, path: string): Promise<T> {
  return (await (await ask(who, 'GET', path)).json()) as T
}

const line = (kind: Change['kind'], id: string, value: unknown): Change => ({ kind, id, expect: 0, value })
const codLimit = {
  ...{ point: 'E01/cod/w01018', side: 'above', value: 400, unit: 'mg/L', level: 'orange' },
  validFrom: '2026-01-01',
}
const beginning = [
  line('jurisdiction', '341600', { name: text('亳州市') }),
  line('jurisdiction', '341602', { name: text('谯城区') }),
  line('jurisdiction', '341621', { name: text('涡阳县') }),
  line('department', 'eco', { name: text('市生态环境局'), jurisdiction: '341600' }),
  line('department', 'gy', { name: text('涡阳分局'), jurisdiction: '341621' }),
  line('enterprise', '91341602MA0DEM001C', { name: text('谯韵酒业'), jurisdiction: '341602' }),
  line('site', 'E01', {
    name: text('谯韵酒业'),
    latitude: 33.9,
    longitude: 115.7,
    enterprise: '91341602MA0DEM001C',
  }),
  line('device', 'E01/cod', { name: text('COD 分析仪') }),
  line('point', 'E01/cod/w01018', { name: text('COD'), unit: 'mg/L' }),
  line('limit', 'cod', codLimit),
  line('site', 'E10', { name: text('涡河湾工地'), latitude: 33.5, longitude: 116.2, jurisdiction: '341621' }),
]

test('W1 lists are filtered by place, site and text, and come in pages', async () => {
  const ids = async (path: string) => (await read<Entity[]>('manager', path)).map(({ id }) => id)
  expect(await ids('/sites')).toEqual(['E01', 'E10'])
  expect(await ids('/sites?jurisdiction=341621')).toEqual(['E10'])
  expect(await ids('/points?jurisdiction=341600&site=E01')).toEqual(['E01/cod/w01018'])
  expect(await ids('/limits?site=E01&enterprise=91341602MA0DEM001C')).toEqual(['cod'])
  expect(await ids(`/sites?text=${encodeURIComponent('工地')}`)).toEqual(['E10'])
  const seen: string[] = []
  for (let path: string | undefined = '/jurisdictions?limit=2'; path !== undefined; ) {
    const response = await ask('manager', 'GET', path)
    seen.push(...((await response.json()) as Entity[]).map(({ id }) => id))
    path = /^<(.+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1]
  }
  expect(seen).toEqual(['341600', '341602', '341621'])
})

test('W6 two people edit one limit over HTTP: the second gets 412 with the value as it is now', async () => {
  const seen = await ask('qiaocheng', 'GET', '/limits/cod')
  const etag = seen.headers.get('etag')!
  const edit = (who: string, value: number) =>
    ask(
      who,
      'PUT',
      '/limits/cod',
      { value: { ...codLimit, value }, reason: '新许可证' },
      { 'if-match': etag },
    )
  const first = await edit('qiaocheng', 350)
  expect([first.status, first.headers.get('etag')]).toEqual([200, '"2"'])
  const second = await edit('manager', 500)
  expect([second.status, (await second.json()) as unknown]).toMatchObject([
    412,
    { conflicts: [{ current: { version: 2, value: { value: 350 }, changedBy: 'Name of qiaocheng' } }] },
  ])
  expect(await read('manager', '/limits/cod/history')).toMatchObject([
    { version: 1, value: { value: 400 }, reason: '初始登记' },
    { version: 2, value: { value: 350 }, actor: { account: 'qiaocheng', via: 'token' } },
  ])
  const blind = await ask('manager', 'PUT', '/limits/cod', { value: codLimit })
  expect(blind.status).toBe(428)
  const at = encodeURIComponent('2026-05-01T00:00:00+08:00')
  expect(await read('manager', `/api/points/E01%2Fcod%2Fw01018/limits?at=${at}`)).toMatchObject({
    limits: [{ value: 350 }],
  })
  expect(
    await read('manager', `/api/points/E01%2Fcod%2Fw01018/limits?at=2025-05-01T00:00:00Z`),
  ).toMatchObject({ limits: [] })
})

test('W6 ids guessed across jurisdictions are answered as unknown ones, for reading and for changing', async () => {
  const same = async (path: string, other: string) => {
    const [hidden, none] = await Promise.all([ask('guoyang', 'GET', path), ask('guoyang', 'GET', other)])
    expect([path, hidden.status, none.status]).toEqual([path, 404, 404])
    const name = (url: string) => decodeURIComponent(url.split('/')[2]!)
    expect((await hidden.text()).replaceAll(name(path), '')).toBe(
      (await none.text()).replaceAll(name(other), ''),
    )
  }
  await same('/sites/E01', '/sites/E99')
  await same('/limits/cod', '/limits/dok')
  await same('/sites/E01/history', '/sites/E99/history')
  await same('/devices/E01%2Fcod/grade', '/devices/E01%2Fdoc/grade')
  await same('/enterprises/91341602MA0DEM001C', '/enterprises/91341602MA0DEM003J')
  expect((await ask('guoyang', 'GET', '/api/points/E01%2Fcod%2Fw01018/limits')).status).toBe(404)
  expect(await read<Entity[]>('guoyang', '/sites')).toMatchObject([{ id: 'E10' }])
  expect(await read<Entity[]>('guoyang', '/limits')).toEqual([])
  const change = (path: string, method: Method) =>
    ask('guoyang', method, path, method === 'PUT' ? { value: codLimit } : {}, { 'if-match': '"2"' })
  expect((await change('/limits/cod', 'PUT')).status).toBe(404)
  expect((await change('/limits/cod', 'DELETE')).status).toBe(404)
  expect((await change('/limits/dok', 'PUT')).status).toBe(404)
  const site = { name: text('X'), latitude: 33, longitude: 116, jurisdiction: '341602' }
  const away = await ask('guoyang', 'PUT', '/sites/N1', { value: site }, { 'if-none-match': '*' })
  expect([away.status, (await away.json()) as unknown]).toMatchObject([
    403,
    { lines: [{ code: 'not-permitted' }] },
  ])
  const moved = { ...site, name: text('涡河湾工地') }
  expect((await ask('guoyang', 'PUT', '/sites/E10', { value: moved }, { 'if-match': '"1"' })).status).toBe(
    403,
  )
  // What stands above a county is its own too: the city's department and the city itself, but not the neighbour's.
  expect((await read<Entity[]>('qiaocheng', '/departments')).map(({ id }) => id)).toEqual(['eco'])
  // An operator reads and does not change; an enterprise sees its limits and nothing of the registry.
  expect((await ask('operator', 'GET', '/limits/cod')).status).toBe(200)
  expect((await ask('operator', 'DELETE', '/limits/cod', {}, { 'if-match': '"2"' })).status).toBe(403)
  expect((await ask('firm', 'GET', '/sites')).status).toBe(403)
  expect((await ask('firm', 'GET', '/api/points/E01%2Fcod%2Fw01018/limits')).status).toBe(200)
})

test('W6 names that look like code stay text through the API, and poisoned bodies are refused', async () => {
  const name = { zh: '<script>alert(1)</script>', en: '=cmd|calc!A1"><img src=x onerror=alert(1)>' }
  const value = { name, latitude: 33.5, longitude: 116.2, jurisdiction: '341621' }
  const made = await ask('manager', 'PUT', '/sites/XSS', { value }, { 'if-none-match': '*' })
  expect([made.status, ((await made.json()) as Entity<'site'>).value.name]).toEqual([200, name])
  const got = await ask('manager', 'GET', '/sites/XSS')
  expect([got.headers.get('content-type'), got.headers.get('x-content-type-options')]).toEqual([
    expect.stringMatching(/^application\/json/),
    'nosniff',
  ])
  const poisoned = '{"value":{"__proto__":{"x":1},"name":{"zh":"a","en":"b"}}}'
  expect((await ask('manager', 'PUT', '/sites/P', poisoned, { 'if-none-match': '*' })).status).toBe(400)
  const named = await ask('manager', 'PUT', '/sites/__proto__', { value }, { 'if-none-match': '*' })
  expect([named.status, (await named.json()) as unknown]).toMatchObject([422, { lines: [{ path: 'id' }] }])
  const twice = await ask('manager', 'PUT', '/sites/XSS', { value }, { 'if-none-match': '*' })
  expect(twice.status).toBe(412)
})

test('W6 2,000 points go into one request and one act; with one mistake none does, and its line is told', async () => {
  const points = Array.from({ length: 2_000 }, (_, i) =>
    line('point', `E10/bulk/m${i}`, {
      ...{
        name: { zh: `第 ${i} 号测点`, en: `Point ${i} of the great import` },
        unit: 'mg/m³',
        intervalS: 60,
      },
      ...{ parameter: `a${i}`, range: [0, 1_000], normal: [0, 100], measurementCycleS: 60 },
    }),
  )
  const changes = [line('device', 'E10/bulk', { name: text('批量') }), ...points]
  const before = world.acts.end
  const broken = changes.with(1_500, line('point', 'E10/bulk/m1499', { name: text('x'), range: [5, 1] }))
  const refused = await ask('manager', 'POST', '/changes', { changes: broken })
  expect([refused.status, (await refused.json()) as unknown]).toMatchObject([
    422,
    { lines: [{ line: 1_500, path: 'range', code: 'range-order' }] },
  ])
  const tried = await ask('manager', 'POST', '/changes?dryRun=true', { changes: broken })
  expect([tried.status, (await tried.json()) as unknown]).toMatchObject([
    200,
    { problems: [{ line: 1_500 }] },
  ])
  expect(world.acts.end).toBe(before)
  const done = await ask('manager', 'POST', '/changes', { changes })
  expect(done.status).toBe(200)
  expect(world.acts.end).toBe(before + 1)
  expect(world.registry.list('point').length).toBe(2_001)
  const tooLarge = await ask('manager', 'POST', '/changes', `{"x":"${'y'.repeat(4 * 1024 * 1024)}"}`)
  expect(tooLarge.status).toBe(413)
})

test('W1 a page gets a new site by delta, and a point that was unregistered keeps its value', async () => {
  const { append, url, access } = world.console
  await append(telemetry('N7/gas', { lel: 3.5 }))
  const page = new Page(url, {
    headers: { authorization: `Bearer ${access.giveToken('manager', people.manager!)}` },
  })
  const siteOf = () => page.seen?.sites.find(({ id }) => id === 'N7')
  await eventually(
    () => siteOf()?.registered === false && siteOf()?.devices[0]?.points[0]?.last?.value === 3.5,
  )
  const changes = [
    line('site', 'N7', {
      name: text('新站'),
      latitude: 39.91334545536069,
      longitude: 116.38404722455657,
      coordinates: 'GCJ-02',
    }),
    line('device', 'N7/gas', { name: text('探头') }),
    line('point', 'N7/gas/lel', { name: text('浓度'), unit: '%LEL' }),
    line('device', 'N7/spare', { name: text('备用') }),
  ]
  expect((await ask('manager', 'POST', '/changes', { changes })).status).toBe(200)
  const site = await eventually(() => (siteOf()?.registered === true ? siteOf() : undefined))
  expect(site?.latitude).toBeCloseTo(39.911954, 6)
  expect(site?.devices.map(({ id }) => id)).toEqual(['gas', 'spare'])
  expect(site?.devices[0]?.points).toMatchObject([{ unit: '%LEL', registered: true, last: { value: 3.5 } }])
  await append(telemetry('N7/gas', { lel: 4.5 }))
  await eventually(() => siteOf()?.devices[0]?.points[0]?.last?.value === 4.5)
  expect([page.snapshots.length, page.holes]).toEqual([1, []])
  page.close()
})

test('W1 the log of acts alone makes the registry again after a restart', async () => {
  const before = { sites: world.registry.list('site'), monitored: world.registry.monitored() }
  await world.stop()
  world = await openWorld()
  expect({ sites: world.registry.list('site'), monitored: world.registry.monitored() }).toEqual(before)
  expect(world.acts.problem).toBeUndefined()
  expect(await read('manager', '/limits/cod/history')).toHaveLength(2)
})
