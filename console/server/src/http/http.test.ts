import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Alert, Health } from '@farwatch/model'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { alertOf, eventually, jpeg, startConsole, telemetry } from '../testing.ts'
import type { ProblemBody } from './problem.ts'
import type { DeviceBody, PointBody } from './schemas.ts'

let console: Awaited<ReturnType<typeof startConsole>>
let web: string
let components: Health['components'] = { intake: { status: 'ok' } }

beforeAll(async () => {
  web = await mkdtemp(join(tmpdir(), 'farwatch-web-'))
  await mkdir(join(web, 'site', 'assets'), { recursive: true })
  await writeFile(join(web, 'secret.txt'), 'secret')
  await writeFile(join(web, 'site', '.env'), 'secret')
  await writeFile(join(web, 'site', 'index.html'), '<!doctype html><title>the page</title>')
  await writeFile(join(web, 'site', 'assets', 'index-abc123.js'), 'export {}')
  console = await startConsole({ webRoot: join(web, 'site') }, { components: () => components })
  await console.append(telemetry('E01/gas', { lel: 12.5 }, Date.now() - 60_000))
  await console.append(telemetry('X9/dev', { so2: 1 }))
  await console.append({
    ...{
      kind: 'picture',
      receivedMs: Date.now() - 5000,
      camera: 'e10-kitchen',
      label: 'rat',
      bytes: jpeg('rat'),
    },
  })
  await eventually(async () => (await read<PointBody[]>('/api/points')).length === 3)
})

afterAll(async () => {
  await console.stop()
  await rm(web, { recursive: true })
})

const get = (path: string, headers: Record<string, string> = {}) => fetch(console.url + path, { headers })
const read = async <T>(path: string) => (await (await get(path)).json()) as T
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(console.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: console.url, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

/** A request exactly as written, past any client that tidies paths up. */
function raw(path: string, headers: Record<string, string> = {}): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(console.url)
    httpRequest({ hostname, port, path, headers }, (response) => {
      let body = ''
      response.on('data', (chunk) => {
        body += String(chunk)
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
      .on('error', reject)
      .end()
  })
}

test('sites, devices and points tell what is monitored, with value, quality and age', async () => {
  const sites = await (await get('/api/sites')).json()
  expect(sites).toMatchObject([
    { id: 'E01', registered: true, devices: ['gas'], latitude: 33.85, gateway: 'gw-e01' },
    { id: 'E10', devices: ['后厨'] },
    { id: 'X9', registered: false, latitude: null, devices: ['dev'] },
  ])
  const devices = await (await get('/api/devices?site=E10')).json()
  expect(devices).toMatchObject([{ id: '后厨', site: 'E10', kind: 'camera', camera: { device: 'E10/后厨' } }])
  const points = await read<PointBody[]>('/api/points')
  expect(points).toMatchObject([
    { key: 'E01/gas/fan', last: null, ageMs: null, freshness: 'never' },
    { key: 'E01/gas/lel', last: { value: 12.5, quality: 0 }, unit: '%LEL', freshness: 'stale' },
    { key: 'X9/dev/so2', registered: false, freshness: 'fresh' },
  ])
  expect(points[1]?.ageMs).toBeGreaterThanOrEqual(60_000)
  expect(await (await get('/api/gateways')).json()).toMatchObject([{ id: 'gw-e01', online: false }])
})

test('points come in pages, each naming the next', async () => {
  const keys: string[] = []
  let path: string | undefined = '/api/points?limit=2'
  while (path !== undefined) {
    const response = await get(path)
    keys.push(...((await response.json()) as PointBody[]).map(({ key }) => key))
    path = /^<(.+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1]
  }
  expect(keys).toEqual(['E01/gas/fan', 'E01/gas/lel', 'X9/dev/so2'])
})

test('health is as bad as the worst component, and 503 only when something is down', async () => {
  const health = async () => {
    const response = await get('/api/health')
    return [response.status, ((await response.json()) as Health).status]
  }
  components = { intake: { status: 'ok' } }
  // The database of this console is away, so its own component says so.
  expect(await health()).toEqual([200, 'degraded'])
  components = { intake: { status: 'ok' }, database: { status: 'down', detail: 'gone' } }
  expect(await health()).toEqual([503, 'down'])
  components = { intake: { status: 'ok' } }
})

test('F5 an alert is acknowledged once, by name; the second time says so', async () => {
  console.desk.put(alertOf(1))
  console.desk.put(alertOf(2, { level: 'blue' }))
  const open = (query = '') => read<Alert[]>(`/api/alerts?state=open${query}`)
  expect((await open()).map(({ id }) => id)).toEqual([alertOf(1).id, alertOf(2).id])
  expect((await open('&level=orange,blue')).map(({ id }) => id)).toEqual([alertOf(2).id])
  const path = `/api/alerts/${alertOf(1).id}/acknowledge`
  const done = await post(path, { by: '王值班', comment: '已派人' })
  expect(done.status).toBe(200)
  expect(await done.json()).toMatchObject({ outcome: 'done', alert: { state: 'acknowledged' } })
  expect(await (await post(path, { by: 'B' })).json()).toMatchObject({ outcome: 'already' })
  const { alert } = (await (await post(path, { by: 'B' })).json()) as { alert: Alert }
  expect(alert.transitions[1]).toMatchObject({ by: '王值班', comment: '已派人' })
})

test('F3 the picture of a camera: bytes, ETag, age; unchanged it is not sent again', async () => {
  const [device] = await read<DeviceBody[]>('/api/devices?site=E10')
  const { pictureUrl = '' } = device?.camera ?? {}
  const response = await get(pictureUrl ?? '')
  expect(response.headers.get('content-type')).toBe('image/jpeg')
  expect(new Uint8Array(await response.arrayBuffer())).toEqual(jpeg('rat'))
  const sha256 = createHash('sha256').update(jpeg('rat')).digest('hex')
  expect(response.headers.get('etag')).toBe(`"${sha256}"`)
  expect(Number(response.headers.get('age'))).toBeGreaterThanOrEqual(5)
  expect(response.headers.get('cache-control')).toBe('private, no-cache')
  const again = await get(pictureUrl ?? '', { 'if-none-match': `W/"${sha256}"` })
  expect([again.status, await again.text()]).toEqual([304, ''])
})

test('config, metrics', async () => {
  expect(await (await get('/api/config')).json()).toEqual({ mapboxToken: null, version: '0.1.0-test' })
  const metrics = await get('/metrics')
  expect(metrics.headers.get('content-type')).toMatch(/^text\/plain; version=/)
  expect(await metrics.text()).toContain('farwatch_console_requests_total{method="GET",status="200"}')
})

const iso = (ms: number) => encodeURIComponent(new Date(ms).toISOString())
const point = 'point=E01/gas/lel'
const id = alertOf(3).id
const bad: [string, () => Promise<Response>, number, string, RegExp][] = [
  [
    'a path that leads nowhere',
    () => get('/api/nope'),
    404,
    'not-found',
    /Found nothing at GET "\/api\/nope"/,
  ],
  [
    'a path that leads nowhere, asked by a browser',
    () => get('/api/nope', { accept: 'text/html' }),
    404,
    'not-found',
    /nope/,
  ],
  ['a method that is not there', () => post('/api/sites', {}), 404, 'not-found', /POST/],
  ['a broken escape', () => get('/api/%zz'), 400, 'bad-url', /"\/api\/%zz", expected a percent-encoded path/],
  ['no point', () => get('/api/readings'), 400, 'invalid-request', /query\.point: found nothing/],
  [
    'no point key',
    () => get('/api/readings?point=x'),
    400,
    'invalid-request',
    /found "x": expected SITE\/DEVICE\/METRIC/,
  ],
  [
    'no time',
    () => get(`/api/readings?${point}&from=yesterday`),
    400,
    'invalid-request',
    /found "yesterday": expected ISO 8601/,
  ],
  [
    'a time without offset',
    () => get(`/api/readings?${point}&from=2026-01-01T00:00:00`),
    400,
    'invalid-request',
    /with offset/,
  ],
  [
    'no step',
    () => get(`/api/readings?${point}&step=1y`),
    400,
    'invalid-request',
    /found "1y": expected a number and s, m, h or d/,
  ],
  ['a step of nothing', () => get(`/api/readings?${point}&step=0s`), 400, 'invalid-request', /found "0s"/],
  [
    'a range that ends before it begins',
    () => get(`/api/readings?${point}&from=${iso(2e12)}&to=${iso(1e12)}`),
    422,
    'empty-range',
    /expected a time before/,
  ],
  [
    'a year in seconds',
    () => get(`/api/readings?${point}&from=${iso(1.7e12)}&to=${iso(1.73e12)}&step=1s`),
    422,
    'range-too-wide',
    /found 30000000 steps, expected at most 10000/,
  ],
  [
    'a question while the database is away',
    () => get(`/api/readings?${point}`),
    503,
    'database-unavailable',
    /does not answer/,
  ],
  [
    'a level that is none',
    () => get('/api/alerts?level=red,purple'),
    400,
    'invalid-request',
    /query\.level.*purple/,
  ],
  [
    'a limit that is no number',
    () => get('/api/points?limit=many'),
    400,
    'invalid-request',
    /query\.limit: found "many"/,
  ],
  [
    'an alert id that is none',
    () => post('/api/alerts/xyz/acknowledge', { by: 'A' }),
    400,
    'invalid-request',
    /path\.id: found "xyz"/,
  ],
  [
    'an unknown alert',
    () => post(`/api/alerts/${id}/acknowledge`, { by: 'A' }),
    404,
    'unknown-alert',
    /Found no alert/,
  ],
  [
    'nobody',
    () => post(`/api/alerts/${id}/acknowledge`, { by: '  ' }),
    400,
    'invalid-request',
    /body\.by: found " {2}": expected who/,
  ],
  [
    'an unknown key',
    () => post(`/api/alerts/${id}/acknowledge`, { by: 'A', x: 1 }),
    400,
    'invalid-request',
    /Unrecognized key: "x"/,
  ],
  ['no JSON', () => post(`/api/alerts/${id}/acknowledge`, '{by'), 400, 'bad-json', /not JSON/],
  ['nothing', () => post(`/api/alerts/${id}/acknowledge`, ''), 400, 'bad-json', /empty body/],
  [
    'a poisoned prototype',
    () => post(`/api/alerts/${id}/acknowledge`, '{"by":"A","__proto__":{"x":1}}'),
    400,
    'bad-json',
    /not JSON/,
  ],
  [
    '100 kB',
    () => post(`/api/alerts/${id}/acknowledge`, { by: 'x'.repeat(100_000) }),
    413,
    'body-too-large',
    /found 100009 bytes, expected at most 65536/,
  ],
  [
    'a form',
    () =>
      post(`/api/alerts/${id}/acknowledge`, 'by=A', { 'content-type': 'application/x-www-form-urlencoded' }),
    415,
    'unsupported-media-type',
    /x-www-form-urlencoded", expected application\/json/,
  ],
  [
    'plain text, as a page from elsewhere may send it',
    () => post(`/api/alerts/${id}/acknowledge`, '{"by":"A"}', { 'content-type': 'text/plain' }),
    415,
    'unsupported-media-type',
    /text\/plain/,
  ],
  [
    'a page from elsewhere',
    () => post(`/api/alerts/${id}/acknowledge`, { by: 'A' }, { origin: 'http://evil.example' }),
    403,
    'cross-site',
    /Origin "http:\/\/evil\.example"/,
  ],
  [
    'a page on another port',
    () => post(`/api/alerts/${id}/acknowledge`, { by: 'A' }, { origin: 'http://127.0.0.1:1' }),
    403,
    'cross-site',
    /expected the console's own origin/,
  ],
  [
    'a sandboxed page',
    () => post(`/api/alerts/${id}/acknowledge`, { by: 'A' }, { origin: 'null' }),
    403,
    'cross-site',
    /"null"/,
  ],
  [
    'a browser that says cross-site',
    () => post(`/api/alerts/${id}/acknowledge`, { by: 'A' }, { 'sec-fetch-site': 'cross-site' }),
    403,
    'cross-site',
    /cross-site/,
  ],
  [
    'an unknown camera',
    () => get('/api/cameras/E01/none/picture.jpg'),
    404,
    'unknown-camera',
    /Found no camera E01\/none/,
  ],
  [
    'an asset that is missing',
    () => get('/assets/gone.js', { accept: 'text/html' }),
    404,
    'not-found',
    /gone\.js/,
  ],
  ['a hidden file', () => get('/.env'), 404, 'not-found', /\.env/],
]

test.each(bad)('F8 %s is answered with a clear problem', async (_, ask, status, code, title) => {
  const response = await ask()
  const text = await response.text()
  expect([response.status, text]).toEqual([status, expect.anything()])
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/)
  const problem = JSON.parse(text)
  expect(problem).toMatchObject({
    type: `urn:farwatch:problem:${code}`,
    status,
    title: expect.stringMatching(title),
  })
  expect(text).not.toMatch(/node_modules|\bat .*\.ts:/)
})

test('F8 a POST that names no origin at all is refused, and told how to ask', async () => {
  const { origin: _, ...headers } = { origin: '', 'content-type': 'application/json' }
  const response = await fetch(`${console.url}/api/alerts/${id}/acknowledge`, {
    method: 'POST',
    headers,
    body: '{"by":"A"}',
  })
  expect(response.status).toBe(403)
  expect(((await response.json()) as ProblemBody).detail).toContain(`Origin: ${console.url}`)
})

test('F8 every fault of a request is told at once', async () => {
  const { problems } = await read<ProblemBody>('/api/readings?point=x&from=1&step=2')
  expect(problems?.map(({ path }) => path)).toEqual(['query.point', 'query.from', 'query.step'])
})

test('F8 a foreign Host, as after DNS rebinding, is refused for pages and API alike', async () => {
  for (const host of [
    'evil.example',
    `evil.example:${new URL(console.url).port}`,
    '127.0.0.1.evil.example',
  ]) {
    const { status, body } = await raw('/api/sites', { host })
    expect([status, JSON.parse(body).type]).toEqual([421, 'urn:farwatch:problem:unknown-host'])
    expect((await raw('/', { host })).status).toBe(421)
  }
  for (const host of ['localhost', 'LOCALHOST:80', '[::1]:8080']) {
    expect((await raw('/api/sites', { host })).status).toBe(200)
  }
})

test('F8 no path leads out of the folder of the pages', async () => {
  const paths = [
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/../../secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/assets/..%5c..%5csecret.txt',
    '//secret.txt',
    '/..%00/secret.txt',
    '/.env',
    '/%2eenv',
    `/${encodeURIComponent(join(web, 'secret.txt'))}`,
  ]
  for (const path of paths) {
    const { status, body } = await raw(path)
    expect([path, body]).toEqual([path, expect.not.stringContaining('secret"')])
    expect(body).not.toBe('secret')
    expect(status).toBeGreaterThanOrEqual(400)
  }
})

test('F8 bytes that are not HTTP are answered with a problem and the connection is closed', async () => {
  const { port } = new URL(console.url)
  const answer = await new Promise<string>((resolve, reject) => {
    let text = ''
    const socket = connect(Number(port), '127.0.0.1', () =>
      socket.write('\x10\x0e\x00\x04MQTT rubbish\r\n\r\n'),
    )
    socket.on('data', (chunk) => {
      text += String(chunk)
    })
    socket.on('end', () => resolve(text))
    socket.on('error', reject)
  })
  expect(answer).toMatch(/^HTTP\/1\.1 400 .*urn:farwatch:problem:malformed-http/s)
})

test('F5 the page answers every path within it, and is never cached; hashed assets are for long', async () => {
  for (const path of ['/', '/sites/E01', '/index.html']) {
    const response = await get(path, { accept: 'text/html' })
    expect([path, response.status, await response.text()]).toEqual([
      path,
      200,
      expect.stringContaining('the page'),
    ])
    expect(response.headers.get('cache-control')).toBe('no-cache')
  }
  const asset = await get('/assets/index-abc123.js')
  expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
  expect(asset.headers.get('content-type')).toMatch(/javascript/)
})

test('every answer carries the security headers; nothing of the API is cached', async () => {
  for (const path of ['/', '/api/sites', '/api/nope', '/api/%zz', '/metrics']) {
    const { headers } = await get(path)
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self';/)
    expect(headers.get('content-security-policy')).not.toMatch(/mapbox|unsafe/)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
    expect(headers.get('cache-control')).toBe(path === '/' ? 'no-cache' : 'no-store')
  }
})
