import { connect } from 'node:net'
import { skipWithoutPeer } from '@farwatch/runtime/testing'
import { connectAsync, type MqttClient } from 'mqtt'
import { expect, onTestFinished, test, vi } from 'vitest'
import { testListeningDriver } from '../../driver-conformance.ts'
import { Life, testContext } from '../../testbed/context.ts'
import { runForeign } from '../../testbed/foreign.ts'
import { MqttAddress } from './address.ts'
import { mqtt } from './index.ts'
import type { MqttListenDriver } from './listen.ts'

async function driverOf(port: number, config: object = {}) {
  const context = await testContext()
  const points = ['nh3', 't'].map((metric) => ({
    key: `E10/room1/${metric}`,
    address: MqttAddress.parse({ topic: 'cold/{device}', path: metric }),
    intervalMs: 1_000,
  }))
  const driver = mqtt.create(mqtt.config.parse({ listen: `127.0.0.1:${port}`, ...config }), points, context)
  return { driver: driver as MqttListenDriver, context }
}

async function opened(config: object = {}) {
  const { driver, context } = await driverOf(0, config)
  const life = new Life(driver)
  expect(await life.next()).toEqual([])
  return { life, context, port: driver.port! }
}

async function clientOf(port: number, options: object = {}): Promise<MqttClient> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0, ...options })
  client.on('error', () => undefined)
  onTestFinished(() => {
    client.end(true)
  })
  return client
}

testListeningDriver({
  name: 'mqtt broker',
  driver: async (port) => (await driverOf(port)).driver,
  deliver: async (port) => {
    const client = await clientOf(port)
    client.publish('cold/room1', '{"nh3":1}', { qos: 1 })
  },
})

test('F2 mqtt broker: PUBACK waits for the store', async () => {
  const { life, port } = await opened()
  const client = await clientOf(port)
  let acknowledged = false
  const publish = client.publishAsync('cold/room1', '{"nh3":4.5,"t":-18}', { qos: 1 }).then(() => {
    acknowledged = true
  })
  const samples = await life.until((all) => all.length === 2)
  expect(samples.map(({ point, value }) => [point, value])).toEqual([
    ['E10/room1/nh3', 4.5],
    ['E10/room1/t', -18],
  ])
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(acknowledged).toBe(false)
  const waiting = life.next()
  await publish
  life.abort()
  await waiting
})

test('F8 mqtt broker: malformed payloads and foreign topics are acknowledged, counted, and harm nothing', async () => {
  const { life, context, port } = await opened()
  const reading = life.until((all) => all.length >= 1)
  const client = await clientOf(port)
  await client.publishAsync('cold/room1', 'not json', { qos: 1, retain: true })
  await client.publishAsync('cold/room1', '['.repeat(50_000), { qos: 1 })
  await client.publishAsync('cold/nowhere', '{"nh3":1}', { qos: 1 })
  await client.publishAsync('$SYS/fake', '1', { qos: 1 })
  await client.publishAsync('cold/room1', Buffer.from([0xff, 0xfe]), { qos: 2 })
  const last = client.publishAsync('cold/room1', '{"nh3":1}', { qos: 1 })
  expect(await reading).toHaveLength(1)
  const waiting = life.next()
  await last
  expect(Object.fromEntries(context.refusals)).toEqual({ 'malformed-payload': 3, 'unmapped-topic': 2 })
  life.abort()
  await waiting
})

test('F8 mqtt broker: a message of 100 MB ends its connection before it is read', async () => {
  const { life, context, port } = await opened()
  const reading = life.until((all) => all.length >= 1)
  const big = await clientOf(port)
  const closed = new Promise<void>((resolve) => big.once('close', () => resolve()))
  const rss = process.memoryUsage().rss
  big.publish('cold/room1', Buffer.alloc(100_000_000), { qos: 1 })
  await closed
  expect(context.refusals.get('oversized-packet')).toBe(1)
  // The sender's own copy is in this process; the broker must not have made another.
  expect(process.memoryUsage().rss - rss).toBeLessThan(190_000_000)
  const client = await clientOf(port)
  client.publish('cold/room1', '{"nh3":1}', { qos: 1 })
  expect(await reading).toHaveLength(1)
})

test('F8 mqtt broker: a wrong password is refused and counted, the right one is not', async () => {
  const { context, port } = await opened({ username: 'sensor', password: 'right' })
  await expect(clientOf(port, { username: 'sensor', password: 'wrong' })).rejects.toThrow(/[Bb]ad user ?name/)
  await expect(clientOf(port)).rejects.toThrow(/[Bb]ad user ?name/)
  expect(context.refusals.get('wrong-credentials')).toBe(2)
  expect((await clientOf(port, { username: 'sensor', password: 'right' })).connected).toBe(true)
})

test('F8 mqtt broker: no more connections than allowed, and the next one fits when one has gone', async () => {
  const { context, port } = await opened({ maxConnections: 1 })
  const first = await clientOf(port)
  const second = connect({ host: '127.0.0.1', port })
  await new Promise<void>((resolve) => second.once('close', () => resolve()))
  expect(context.refusals.get('too-many-connections')).toBe(1)
  first.end(true)
  await vi.waitFor(async () => expect((await clientOf(port)).connected).toBe(true), { timeout: 5_000 })
})

test('F2 mqtt broker: devices cannot listen to one another', async () => {
  const { port } = await opened()
  const client = await clientOf(port)
  const [granted] = await client.subscribeAsync('#').catch(() => [{ qos: 128 }])
  expect(granted?.qos).toBe(128)
})

test('F6 mosquitto_pub publishes into the gateway, at QoS 0, 1 and 2', {
  timeout: 30_000,
}, async (run) => {
  skipWithoutPeer(run, 'mosquitto_pub')
  const { life, port } = await opened()
  const reading = life.until((all) => all.length >= 3)
  const pub = (qos: string) =>
    runForeign('mosquitto_pub', [
      '-h',
      '127.0.0.1',
      '-p',
      `${port}`,
      '-q',
      qos,
      '-t',
      'cold/room1',
      '-m',
      `{"nh3": ${qos}}`,
    ])
  const codes = [await pub('0')]
  const others = Promise.all([pub('1'), pub('2')])
  const samples = await reading
  const waiting = life.next()
  codes.push(...(await others))
  expect(codes).toEqual([0, 0, 0])
  expect(samples.map(({ value }) => value).sort()).toEqual([0, 1, 2])
  life.abort()
  await waiting
})
