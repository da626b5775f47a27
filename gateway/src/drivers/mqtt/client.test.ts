import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { skipWithoutPeer } from '@farwatch/runtime/testing'
import { Aedes } from 'aedes'
import { expect, onTestFinished, test } from 'vitest'
import { testDiallingDriver } from '../../driver-conformance.ts'
import { Life, temporaryFolder, testContext } from '../../testbed/context.ts'
import { ended, runForeign, startForeign } from '../../testbed/foreign.ts'
import { closedPort } from '../../testbed/tcp-proxy.ts'
import { MqttAddress } from './address.ts'
import { mqtt } from './index.ts'

async function driverOf(port: number, config: object = {}) {
  const context = await testContext()
  const points = [
    {
      key: 'E10/room1/nh3',
      address: MqttAddress.parse({ topic: 'cold/{device}', path: 'nh3' }),
      intervalMs: 1_000,
    },
  ]
  const parsed = mqtt.config.parse({ url: `mqtt://127.0.0.1:${port}`, timeoutMs: 500, ...config })
  return { driver: mqtt.create(parsed, points, context), context }
}

testDiallingDriver({
  name: 'mqtt client',
  peer: async () => {
    const broker = await Aedes.createBroker()
    const server = createServer((socket) => broker.handle(socket))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    return {
      port,
      provoke: () =>
        new Promise((resolve) =>
          broker.publish(
            { cmd: 'publish', topic: 'cold/room1', payload: '{"nh3":1}', qos: 1, retain: false, dup: false },
            () => resolve(),
          ),
        ),
      close: () =>
        new Promise((resolve) => {
          broker.close(() => server.close(() => resolve()))
        }),
    }
  },
  driver: async (port) => (await driverOf(port)).driver,
})

async function startMosquitto(folder: string, port: number) {
  const file = join(folder, 'mosquitto.conf')
  await writeFile(
    file,
    `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 1000\nlog_dest stderr\n`,
  )
  return await startForeign('mosquitto', ['-c', file], /mosquitto version \S+ running/)
}

const pub = (port: number, message: string, input = '') =>
  runForeign(
    'mosquitto_pub',
    [
      '-h',
      '127.0.0.1',
      '-p',
      `${port}`,
      '-q',
      '1',
      '-t',
      'cold/room1',
      ...(input ? ['-s'] : ['-m', message]),
    ],
    input,
  )

/** Each line is a message of one connection. */
const pubLines = (port: number, lines: string) =>
  runForeign(
    'mosquitto_pub',
    ['-h', '127.0.0.1', '-p', `${port}`, '-q', '1', '-t', 'cold/room1', '-l'],
    lines,
  )

test('F6 a mosquitto broker is subscribed to, also after it was restarted', {
  timeout: 30_000,
}, async (run) => {
  skipWithoutPeer(run, 'mosquitto')
  skipWithoutPeer(run, 'mosquitto_pub')
  const folder = await temporaryFolder()
  const port = await closedPort()
  const first = await startMosquitto(folder, port)
  const { driver } = await driverOf(port)
  const life = new Life(driver)
  expect(await life.next()).toEqual([])
  expect(await pub(port, '{"nh3": 7, "ts": 1795420000}')).toBe(0)
  expect(await life.next()).toEqual([
    { point: 'E10/room1/nh3', timeMs: 1_795_420_000_000, timeSource: 'device', value: 7, quality: 0 },
  ])
  const failure = life.failure()
  await ended(first.process)
  expect(await failure).toMatchObject({ code: 'lost' })
  await startMosquitto(folder, port)
  const second = new Life(driver)
  expect(await second.next()).toEqual([])
  expect(await pub(port, '{"nh3": 8}')).toBe(0)
  expect((await second.next())?.[0]?.value).toBe(8)
})

test('F2 what was not stored comes again from a mosquitto broker, in order', {
  timeout: 30_000,
}, async (run) => {
  skipWithoutPeer(run, 'mosquitto')
  skipWithoutPeer(run, 'mosquitto_pub')
  const port = await closedPort()
  await startMosquitto(await temporaryFolder(), port)
  const { driver } = await driverOf(port)
  const first = new Life(driver)
  await first.next()
  await pub(port, '{"nh3": 1}')
  expect((await first.next())?.[0]?.value).toBe(1)
  for (const value of [2, 3]) await pub(port, `{"nh3": ${value}}`)
  // Asking for the next batch says that the one before is stored; what comes next is taken but never said to be.
  expect((await first.next())?.[0]?.value).toBe(2)
  await first.leave()
  await pub(port, '{"nh3": 4}')
  const samples = await new Life(driver).until((all) => all.some(({ value }) => value === 4))
  // The first may come again as well, when the link broke before its PUBACK had left.
  expect(samples.map(({ value }) => value).filter((value) => value !== 1)).toEqual([2, 3, 4])
})

test('J3 a long queue of a mosquitto broker is taken many messages at a time, in order', {
  timeout: 30_000,
}, async (run) => {
  skipWithoutPeer(run, 'mosquitto')
  skipWithoutPeer(run, 'mosquitto_pub')
  const port = await closedPort()
  await startMosquitto(await temporaryFolder(), port)
  // Keep-alive follows from this: a slow machine must not decide.
  const { driver } = await driverOf(port, { timeoutMs: 10_000 })
  const first = new Life(driver)
  await first.next()
  first.abort()
  await first.failure()
  const total = 900
  const lines = Array.from({ length: total }, (_, i) => `{"nh3": ${i}}\n`).join('')
  expect(await pubLines(port, lines)).toBe(0)
  const second = new Life(driver)
  let batches = 0
  let values: (number | null)[] = []
  while (values.length < total) {
    // A disk takes its time; what arrives meanwhile must not wait for it one by one.
    await new Promise((resolve) => setTimeout(resolve, 20))
    const batch = await second.next()
    if (batch === undefined) throw await second.failure()
    values = [...values, ...batch.map(({ value }) => value)]
    batches++
  }
  expect(values).toEqual(Array.from({ length: total }, (_, i) => i))
  expect(batches).toBeLessThan(total / 5)
})

test('F8 a message of 100 MB through a mosquitto broker is refused, and the link goes on', {
  timeout: 60_000,
}, async (run) => {
  skipWithoutPeer(run, 'mosquitto')
  skipWithoutPeer(run, 'mosquitto_pub')
  const port = await closedPort()
  await startMosquitto(await temporaryFolder(), port)
  // Keep-alive follows from this, and mosquitto answers nobody while it takes so much in.
  const { driver, context } = await driverOf(port, { timeoutMs: 10_000 })
  const life = new Life(driver)
  await life.next()
  const failure = life.failure()
  expect(await pub(port, '', 'x'.repeat(100_000_000))).toBe(0)
  expect(await failure).toMatchObject({ code: 'lost', message: expect.stringContaining('65536 bytes') })
  expect(context.refusals.get('oversized-packet')).toBe(1)
  const next = new Life(driver)
  expect(await next.next()).toEqual([])
  expect(await pub(port, '{"nh3": 9}')).toBe(0)
  expect((await next.next())?.[0]?.value).toBe(9)
})

test('F8 mqtt client: wrong credentials are told as such', async () => {
  const broker = await Aedes.createBroker({ authenticate: (_, __, ___, done) => done(null, false) })
  const server = createServer((socket) => broker.handle(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    broker.close()
    server.close()
  })
  const { port } = server.address() as { port: number }
  const { driver } = await driverOf(port, { username: 'a', password: 'b' })
  expect(await new Life(driver).failure()).toMatchObject({
    code: 'refused',
    message: expect.stringMatching(/[Nn]ot authorized/),
  })
})
