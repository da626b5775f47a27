import { createMetrics, silentLog, systemClock } from '@farwatch/runtime'
import { connectAsync } from 'mqtt'
import { expect, onTestFinished, test, vi } from 'vitest'
import { GatewayConfig } from './config.ts'
import type { Sample } from './driver.ts'
import { runLinks } from './links.ts'
import { type Sink, SinkError } from './supervisor.ts'
import { temporaryFolder } from './testbed/context.ts'
import { ModbusServer } from './testbed/modbus-server.ts'
import { closedPort } from './testbed/tcp-proxy.ts'

const modbusLink = (name: string, port: number, device = name) => ({
  name,
  protocol: 'modbus',
  connection: { address: `127.0.0.1:${port}`, timeoutMs: 200 },
  points: [{ point: `${device}/level`, address: { unit: 1, table: 'holding', register: 0 }, intervalMs: 50 }],
})

async function run(links: readonly object[], sink: Sink) {
  const metrics = createMetrics()
  const config = GatewayConfig.parse({
    gateway: 'GW',
    site: 'E01',
    centre: { url: 'mqtt://127.0.0.1:1' },
    links,
  })
  const running = await runLinks(config, {
    clock: systemClock,
    log: silentLog,
    metrics,
    home: await temporaryFolder(),
    sink,
    retry: { firstMs: 20, mostMs: 50 },
  })
  onTestFinished(() => running.stop())
  return { running, metrics }
}

async function modbusPeer(): Promise<ModbusServer> {
  const peer = await ModbusServer.open()
  peer.holding(1, 0, 42)
  onTestFinished(() => peer.close())
  return peer
}

test('F2 one bad device hurts no other: links run side by side, each with its own state', async () => {
  const peer = await modbusPeer()
  const stored: Sample[] = []
  const seen: string[] = []
  const { running, metrics } = await run(
    [modbusLink('good', peer.port), modbusLink('dead', await closedPort())],
    async (samples) => void stored.push(...samples),
  )
  const unsubscribe = running.subscribe((links) => seen.push(links.map(({ state }) => state).join(' ')))
  await vi.waitFor(() => {
    expect(running.links().map(({ name, state }) => [name, state])).toEqual([
      ['good', 'up'],
      ['dead', 'down'],
    ])
    expect(stored.filter(({ point }) => point === 'E01/good/level').length).toBeGreaterThan(5)
  })
  expect(running.links()[1]?.problem).toContain('ECONNREFUSED')
  expect(stored.some(({ point }) => point === 'E01/dead/level')).toBe(false)
  expect(seen.at(-1)).toBe('up down')
  expect(await metrics.metrics()).toMatch(
    /farwatch_gateway_link_up\{gateway="GW",link="dead",protocol="modbus"\} 0/,
  )
  unsubscribe()
  await running.stop()
  await running.finished
})

test('F2 a store that fails ends every link and is told to whoever runs the gateway', async () => {
  const [first, second] = [await modbusPeer(), await modbusPeer()]
  let stored = 0
  const { running } = await run([modbusLink('a', first.port), modbusLink('b', second.port)], async () => {
    if (++stored > 4) throw new Error('disk full')
  })
  const failure = await running.finished.catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(SinkError)
  expect(failure).toMatchObject({ message: 'readings cannot be stored: disk full' })
  const asked = first.requests.length + second.requests.length
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(first.requests.length + second.requests.length).toBe(asked)
})

test('F2 what a device sends twice is stored once, and counted', async () => {
  const port = await closedPort()
  const stored: Sample[] = []
  const { running, metrics } = await run(
    [
      {
        name: 'sensors',
        protocol: 'mqtt',
        connection: { listen: `127.0.0.1:${port}` },
        points: [{ point: 'room1/nh3', address: { topic: 'cold/{device}', path: 'nh3' } }],
      },
    ],
    async (samples) => void stored.push(...samples),
  )
  await vi.waitFor(() => expect(running.links()[0]?.state).toBe('up'))
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`)
  for (const nh3 of [1, 1, 2])
    await client.publishAsync('cold/room1', JSON.stringify({ ts: 1_795_420_000, nh3 }), { qos: 1 })
  await client.publishAsync('cold/room1', 'rubbish', { qos: 1 })
  await client.endAsync()
  expect(stored.map(({ value }) => value)).toEqual([1, 2])
  const text = await metrics.metrics()
  expect(text).toContain('farwatch_gateway_repeats_total{gateway="GW",link="sensors"} 1')
  expect(text).toContain(
    'farwatch_gateway_refused_total{gateway="GW",link="sensors",reason="malformed-payload"} 1',
  )
  expect(text).toContain('farwatch_gateway_samples_total{gateway="GW",link="sensors"} 2')
})

test('F2 a gateway without links runs until it is stopped', async () => {
  const { running } = await run([], async () => undefined)
  expect(running.links()).toEqual([])
  await running.stop()
  await running.finished
})
