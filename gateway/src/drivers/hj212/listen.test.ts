import { connect } from 'node:net'
import { createMetrics, silentLog, systemClock } from '@farwatch/runtime'
import { expect, onTestFinished, test, vi } from 'vitest'
import { GatewayConfig } from '../../config.ts'
import type { Sample } from '../../driver.ts'
import { testListeningDriver } from '../../driver-conformance.ts'
import { runLinks } from '../../links.ts'
import { Life, temporaryFolder, testContext } from '../../testbed/context.ts'
import { golden, goldenFrames } from '../../testbed/hj212-frames.ts'
import { RawLogger } from '../../testbed/hj212-logger.ts'
import { closedPort } from '../../testbed/tcp-proxy.ts'
import { Hj212Address } from './address.ts'
import { encryptSegment } from './cipher.ts'
import { hj212 } from './index.ts'
import type { Hj212ListenDriver } from './listen.ts'

const mn = '010000A8900016F000169DC0'
const hourReport = golden('CN=2061')
const answerToHour = `##0087QN=20160801090001000;ST=91;CN=9014;PW=123456;MN=${mn};Flag=4;CP=&&&&`

const addresses = {
  so2: { mn, factor: 'a21026' },
  'so2-hour-avg': { mn, factor: 'a21026', report: 'hour' },
  'nox-hour-avg': { mn, factor: 'a21002', report: 'hour' },
  'cod-day-avg': { mn, factor: 'w01018', report: 'day' },
  'nh3-day-avg': { mn, factor: 'w21003', report: 'day' },
  cod: { mn, factor: 'w01018' },
  ph: { mn, factor: 'w01001' },
  'flow-minute-avg': { mn, factor: 'a01011', report: 'minute' },
  flow: { mn: 'LD130133000015', factor: 'B01' },
}

async function driverOf(port: number, config: object = {}) {
  const context = await testContext()
  const points = Object.entries(addresses).map(([metric, address]) => ({
    key: `E02/stack/${metric}`,
    address: Hj212Address.parse(address),
    intervalMs: 1_000,
  }))
  const settings = hj212.config.parse({ listen: `127.0.0.1:${port}`, ...config })
  return { driver: hj212.create(settings, points, context) as Hj212ListenDriver, context }
}

async function opened(config: object = {}) {
  const { driver, context } = await driverOf(0, config)
  const life = new Life(driver)
  expect(await life.next()).toEqual([])
  return { driver, life, context, port: driver.port! }
}

const brief = (samples: readonly Sample[]) =>
  samples.map(({ point, value, quality }) => [point.replace('E02/stack/', ''), value, quality])

/** Reads on, so that what comes is stored, until the test is over. */
function storing(life: Life): void {
  void life.failure()
}

testListeningDriver({
  name: 'hj212 listening',
  driver: async (port) => (await driverOf(port)).driver,
  deliver: async (port) => {
    const logger = await RawLogger.dial(port)
    logger.send(golden('LD130133000015'))
  },
})

test('D3 frames of the standards over TCP: every value right, each under the time that the logger says', async () => {
  const { life, port } = await opened()
  const logger = await RawLogger.dial(port)
  logger.send(...goldenFrames)
  const samples = await life.until((all) => all.length >= 10)
  expect(brief(samples)).toEqual([
    ['flow', 36.91, 0],
    ['flow-minute-avg', 1.35, 0],
    ['flow-minute-avg', 1.35, 0],
    ['so2', 58, 0],
    ['so2-hour-avg', 2.25, 0],
    ['nox-hour-avg', 1.5, 0x80af],
    ['cod-day-avg', 21.25, 0],
    ['nh3-day-avg', 0.5, 0],
    ['cod', 50.5, 0],
    ['ph', 7.25, 0],
  ])
  expect(samples.every(({ timeSource }) => timeSource === 'device')).toBe(true)
  expect(samples[4]).toMatchObject({ timeMs: Date.parse('2016-08-01T08:00:00+08:00') })
})

test('D3 9014 waits for the store; notices and starts are answered at once', async () => {
  const { life, port } = await opened()
  const logger = await RawLogger.dial(port)
  logger.send(hourReport, golden('CN=1013'), golden('CN=2081'))
  expect(brief((await life.next())!)).toHaveLength(2)
  await vi.waitFor(() => expect(logger.lines).toHaveLength(2), { timeout: 10_000 })
  expect(logger.lines.join()).toMatch(/CN=9013;.*CN=9014;/)
  expect(logger.lines.join()).not.toContain(answerToHour)
  storing(life)
  await vi.waitFor(() => expect(logger.lines.at(-1)).toContain(answerToHour), { timeout: 10_000 })
})

test('D3 a batch that is not stored is not answered', async () => {
  const { life, port } = await opened()
  const logger = await RawLogger.dial(port)
  logger.send(hourReport)
  await life.next()
  await life.leave()
  await vi.waitFor(() => expect(logger.closed).toBe(true), { timeout: 10_000 })
  expect(logger.lines).toEqual([])
})

test('D3 D7 a report that comes again because its answer was lost is stored once and answered again', async () => {
  const port = await closedPort()
  const config = GatewayConfig.parse({
    ...{ gateway: 'GW', site: 'E02', centre: { url: 'mqtt://127.0.0.1:1' } },
    links: [
      {
        ...{ name: 'stack', protocol: 'hj212', connection: { listen: `127.0.0.1:${port}` } },
        points: Object.entries(addresses).map(([metric, address]) => ({ point: `stack/${metric}`, address })),
      },
    ],
  })
  const stored: Sample[] = []
  const links = await runLinks(config, {
    ...{ clock: systemClock, log: silentLog, metrics: createMetrics(), home: await temporaryFolder() },
    sink: async (samples) => void stored.push(...samples),
  })
  onTestFinished(() => links.stop())
  await vi.waitFor(() => expect(links.links()[0]?.state).toBe('up'), { timeout: 10_000 })
  const first = await RawLogger.dial(port)
  first.send(hourReport)
  await vi.waitFor(() => expect(first.lines).toHaveLength(1), { timeout: 10_000 })
  first.socket.destroy()
  const second = await RawLogger.dial(port)
  second.send(hourReport, hourReport)
  await vi.waitFor(() => expect(second.lines).toHaveLength(2), { timeout: 10_000 })
  expect(brief(stored)).toEqual([
    ['so2-hour-avg', 2.25, 0],
    ['nox-hour-avg', 1.5, 0x80af],
  ])
})

test('D3 a logger that nobody knows is refused, shown and not answered; so is a wrong password', async () => {
  const { life, context, port } = await opened({ loggers: [{ mn, password: 'secret' }] })
  storing(life)
  const logger = await RawLogger.dial(port)
  logger.send(golden('ST=91;CN=9021'), hourReport)
  await vi.waitFor(
    () => expect(Object.fromEntries(context.refusals)).toEqual({ 'unknown-mn': 1, 'wrong-password': 1 }),
    { timeout: 10_000 },
  )
  expect(context.problems).toEqual(['not in the configuration: logger 88888880000006 from 127.0.0.1'])
  expect(logger.lines).toEqual([])
})

test('D3 a logger with a key must encrypt its reports', async () => {
  const { life, context, port } = await opened({ loggers: [{ mn, key: '0000000000000000' }] })
  const reading = life.until((all) => all.length === 1)
  const plain = golden('##0234')
  const logger = await RawLogger.dial(port)
  logger.send(plain)
  const segment = encryptSegment(Buffer.from(plain.slice(6, -4)), Buffer.from('0'.repeat(16)), 'hex')
  logger.send(`##0${segment.length}${segment.toString()}B541`)
  expect(brief(await reading)).toEqual([['flow-minute-avg', 1.35, 0]])
  expect(Object.fromEntries(context.refusals)).toEqual({ 'not-encrypted': 1 })
  storing(life)
  await vi.waitFor(() => expect(logger.lines.join()).toContain('CN=9014'), { timeout: 10_000 })
})

test('D3 what is tolerated is counted by name', async () => {
  const { life, context, port } = await opened({ accept: ['wrong-length', 'swapped-crc'] })
  storing(life)
  const logger = await RawLogger.dial(port)
  logger.send(hourReport.replace('##0258', '##0257'), hourReport.replace(/71C0$/, 'c071'))
  logger.socket.write(`${hourReport}${hourReport.replace('##0258', '##258')}\r\n`)
  await vi.waitFor(
    () =>
      expect(Object.fromEntries(context.tolerances)).toEqual({
        'wrong-length': 1,
        'swapped-crc': 1,
        'missing-crlf': 1,
        'short-length': 1,
      }),
    { timeout: 10_000 },
  )
  expect(logger.lines.length).toBeGreaterThan(0)
  expect(context.refusals.size).toBe(0)
})

test('D7 half a frame and silence: the connection is given up, and others are served meanwhile', async () => {
  const { life, context, port } = await opened({ frameMs: 300 })
  const reading = life.until((all) => all.length === 1)
  const hanging = await RawLogger.dial(port)
  hanging.socket.write(hourReport.slice(0, 100))
  const dripping = await RawLogger.dial(port)
  let at = 0
  const drip = setInterval(() => dripping.socket.write(hourReport[at++ % 250]!), 20)
  onTestFinished(() => clearInterval(drip))
  const good = await RawLogger.dial(port)
  good.send(golden('LD130133000015'))
  expect(brief(await reading)).toEqual([['flow', 36.91, 0]])
  await vi.waitFor(() => expect([hanging.closed, dripping.closed]).toEqual([true, true]), { timeout: 20_000 })
  expect(context.refusals.get('half-frame')).toBe(2)
  expect(good.closed).toBe(false)
})

test('D7 a connection without a frame of a known logger is given up, one that is silent for long too', async () => {
  const { life, context, port } = await opened({ firstFrameMs: 200, idleMs: 1_000 })
  storing(life)
  const [idle, stranger, known] = [
    await RawLogger.dial(port),
    await RawLogger.dial(port),
    await RawLogger.dial(port),
  ]
  stranger.send(golden('ST=91;CN=9021'))
  known.send(hourReport)
  await vi.waitFor(() => expect([idle.closed, stranger.closed, known.closed]).toEqual([true, true, true]), {
    timeout: 20_000,
  })
  expect(context.refusals.get('silent')).toBe(3)
  expect(known.lines).toHaveLength(1)
})

test('D7 rubbish without end, wrong checks, and a logger that never reads its answers end their connection', async () => {
  const { life, context, port } = await opened()
  storing(life)
  const babbler = await RawLogger.dial(port)
  const wrong = await RawLogger.dial(port)
  const timer = setInterval(() => {
    babbler.socket.write('no frame at all ')
    wrong.send(...Array.from({ length: 20 }, () => hourReport.replace(/71C0$/, '71C1')))
  }, 5)
  onTestFinished(() => clearInterval(timer))
  await vi.waitFor(() => expect([babbler.closed, wrong.closed]).toEqual([true, true]), { timeout: 30_000 })
  expect(context.refusals.get('only-rubbish')).toBe(2)
  expect(context.refusals.get('wrong-crc')).toBeGreaterThan(100)
  const deaf = await RawLogger.dial(port)
  deaf.socket.pause()
  const reports = setInterval(() => deaf.send(...Array.from({ length: 2_000 }, () => golden('CN=2081'))), 5)
  onTestFinished(() => clearInterval(reports))
  await vi.waitFor(() => expect(context.refusals.get('unread-answers')).toBe(1), { timeout: 30_000 })
})

test('D7 10,000 connections: a bounded number is held, the rest are refused and counted, a logger inside is served', {
  timeout: 120_000,
}, async () => {
  const { life, context, port } = await opened({ maxConnections: 50 })
  const good = await RawLogger.dial(port)
  good.send(golden('LD130133000015'))
  await life.until((all) => all.length === 1)
  storing(life)
  for (let wave = 0; wave < 20; wave++) {
    const sockets = Array.from({ length: 500 }, () =>
      connect({ host: '127.0.0.1', port }).on('error', () => undefined),
    )
    // What the server has not let in it closes; what it has let in stands until the wave is over.
    const refused = () => sockets.filter(({ closed }) => closed).length
    await vi.waitFor(() => expect(refused()).toBeGreaterThan(450), { timeout: 30_000 })
    for (const socket of sockets) socket.destroy()
  }
  expect(context.refusals.get('too-many-connections')).toBeGreaterThan(20 * 450)
  good.send(hourReport)
  await vi.waitFor(() => expect(good.lines.join()).toContain(answerToHour), { timeout: 30_000 })
})

test('D3 a connection is not read on while too much of it waits for the disk', async () => {
  const { life, port } = await opened()
  const logger = await RawLogger.dial(port)
  const report = `${hourReport}\r\n`
  const count = 3_000
  logger.socket.write(report.repeat(count))
  // One read of a socket, 64 KiB, is taken whole, and 31 messages may wait besides.
  const most = 2 * (31 + Math.ceil(65_536 / report.length))
  for (let batch = 0; batch < 5; batch++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect((await life.next())!.length).toBeLessThanOrEqual(most)
  }
  storing(life)
  await vi.waitFor(() => expect(logger.lines).toHaveLength(count), { timeout: 15_000 })
})
