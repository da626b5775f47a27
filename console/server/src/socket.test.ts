import { request } from 'node:http'
import type { Snapshot } from '@farwatch/model'
import { afterEach, expect, test } from 'vitest'
import { alertOf, eventually, Page, startConsole, telemetry } from './testing.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function started(over: Parameters<typeof startConsole>[0] = {}) {
  const console = await startConsole({
    ...over,
    socketBounds: { periodMs: 10, snapshotEveryMs: 20, ...over.socketBounds },
  })
  cleanUps.push(console.stop)
  return console
}

function open(url: string, options?: ConstructorParameters<typeof Page>[1]): Page {
  const page = new Page(url, options)
  cleanUps.push(() => page.close())
  return page
}

/** What a page that comes now is told. */
async function freshPicture(url: string): Promise<Snapshot> {
  const page = open(url)
  const seen = await eventually(() => page.seen)
  page.close()
  return seen
}

function withoutClock({ sites, gateways, alerts }: Snapshot) {
  return { sites, gateways, alerts }
}

function lastOf(page: Page, metric: string): number | null | undefined {
  const points = page.seen?.sites.flatMap((site) => site.devices.flatMap((device) => device.points))
  return points?.find((point) => point.metric === metric)?.last?.value
}

test('F5 pages on both transports follow random updates from the journal without a hole, to the server’s state', async () => {
  const { url, append, desk } = await started()
  const pages = [open(url), open(url, { transports: ['polling'] })]
  for (const page of pages) await eventually(() => page.seen)
  for (let i = 0; i < 200; i++) {
    const device = ['E01/gas', 'X1/dev', `X${i % 5}/dev`][i % 3]!
    await append(telemetry(device, { lel: i, [`m${i % 7}`]: i }))
    if (i % 20 === 0) desk.put(alertOf(i % 3, { worst: i }))
    if (i === 100) pages.push(open(url))
  }
  await append(telemetry('E01/gas', { fan: 1 }))
  for (const page of pages) await eventually(() => lastOf(page, 'fan') === 1)
  const expected = withoutClock(await freshPicture(url))
  for (const page of pages) {
    await eventually(() => page.seen)
    expect(page.holes).toEqual([])
    expect(page.snapshots).toHaveLength(1)
    expect(withoutClock(page.seen!)).toEqual(expected)
  }
})

test('F5 an alert does not wait for the readings’ turn; alerts of one moment share a delta', async () => {
  const { url, desk } = await started({ socketBounds: { periodMs: 3_600_000 } })
  const page = open(url)
  await eventually(() => page.socket.connected)
  // The first alert's turn brings the snapshot too.
  await eventually(() => {
    desk.put(alertOf(0))
    return page.seen
  })
  const before = page.deltas.length
  desk.put(alertOf(1))
  desk.put(alertOf(2))
  await eventually(() => page.seen?.alerts.length === 3)
  const news = page.deltas.slice(before).map(({ alerts }) => alerts.map(({ id }) => id))
  expect(news.filter((ids) => ids.includes(alertOf(1).id))).toEqual([
    expect.arrayContaining([alertOf(1).id, alertOf(2).id]),
  ])
})

test('F5 an idle console sends a heartbeat each second', async () => {
  const { url } = await started()
  const page = open(url)
  await eventually(() => page.deltas.length >= 2)
  const [one, two] = page.deltas
  expect(two!.values).toEqual([])
  expect(two!.seq).toBe(one!.seq + 1)
  expect(two!.serverMs - one!.serverMs).toBeGreaterThanOrEqual(900)
})

test('resync gives a new snapshot to the one who asked, and asking often gives no more than the limit', async () => {
  const { url, metrics } = await started({ socketBounds: { snapshotEveryMs: 200 } })
  const [page, other] = [open(url), open(url)]
  await eventually(() => page.seen && other.seen)
  for (let i = 0; i < 500; i++) page.socket.emit('resync')
  await eventually(() => page.snapshots.length >= 2)
  expect(other.snapshots).toHaveLength(1)
  expect(page.snapshots.length).toBeLessThan(10)
  const counted = await metrics.getSingleMetricAsString('farwatch_console_snapshots_total')
  expect(counted).toMatch(/_total \d\n?$/)
})

test('F5 a page that takes nothing is given up on at a bound; when it goes on, a snapshot carries every alert', async () => {
  const { url, append, desk, metrics } = await started({ socketBounds: { backlogBytes: 100_000 } })
  const page = open(url)
  await eventually(() => page.seen)
  const engine = page.socket.io.engine as unknown as { transport: { ws: { pause(): void; resume(): void } } }
  const { ws } = engine.transport
  ws.pause()
  const slow = async () =>
    /_total [1-9]/.test(await metrics.getSingleMetricAsString('farwatch_console_slow_clients_total'))
  let round = 0
  await eventually(async () => {
    round += 1
    const values = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`metric-${i}`, round]))
    for (const device of ['a', 'b', 'c', 'd']) await append(telemetry(`BIG/${device}`, values))
    return slow()
  })
  desk.put(alertOf(7))
  const quick = open(url)
  await eventually(() => quick.seen?.alerts.length === 1)
  ws.resume()
  await eventually(() => page.snapshots.length > 1 && page.seen?.alerts.length === 1)
  expect(page.holes).toEqual([])
  await append(telemetry('E01/gas', { lel: -1 }))
  for (const one of [page, quick]) await eventually(() => lastOf(one, 'lel') === -1)
  expect(withoutClock(page.seen!)).toEqual(withoutClock(quick.seen!))
})

test('F8 a console with a page that has stalled still stops within its bound', async () => {
  const console = await startConsole()
  const page = open(console.url)
  await eventually(() => page.seen)
  const engine = page.socket.io.engine as unknown as { transport: { ws: { pause(): void } } }
  engine.transport.ws.pause()
  const begun = performance.now()
  await console.stop()
  expect(performance.now() - begun).toBeLessThan(5_000)
})

test('F8 a page from elsewhere, a foreign Host and one page too many are refused', async () => {
  const { url } = await started({ socketBounds: { clients: 2 } })
  const refusals = async (headers: Record<string, string>) => {
    const page = open(url, { headers })
    return new Promise<string>((resolve) => {
      page.socket.on('connect_error', ({ message }) => resolve(message))
      page.socket.on('connect', () => resolve('connected'))
    })
  }
  expect(await refusals({ origin: 'http://evil.example' })).toBe('websocket error')
  expect(await refusals({ host: 'evil.example' })).toBe('websocket error')
  expect(await refusals({ origin: url })).toBe('connected')
  expect(await refusals({})).toBe('connected')
  expect(await refusals({})).toBe('websocket error')
})

test('F8 a refused handshake says why; a message over the bound ends that connection only', async () => {
  const { url } = await started()
  const { status, body } = await new Promise<{ status?: number; body: string }>((resolve, reject) => {
    request(
      `${url}/socket.io/?EIO=4&transport=polling`,
      { headers: { host: 'evil.example' } },
      (response) => {
        let body = ''
        response.on('data', (chunk) => {
          body += String(chunk)
        })
        response.on('end', () => resolve({ status: response.statusCode, body }))
      },
    )
      .on('error', reject)
      .end()
  })
  expect(status).toBe(403)
  expect(body).toContain('evil.example')
  const [loud, calm] = [open(url), open(url)]
  await eventually(() => loud.seen && calm.seen)
  loud.socket.emit('resync', ...(['x'.repeat(20_000)] as unknown as []))
  await eventually(() => loud.socket.disconnected)
  expect(calm.socket.connected).toBe(true)
})
