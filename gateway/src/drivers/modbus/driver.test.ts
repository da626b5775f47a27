import { Quality } from '@farwatch/model'
import { expect, onTestFinished, test } from 'vitest'
import { testDiallingDriver } from '../../driver-conformance.ts'
import { Life, testContext } from '../../testbed/context.ts'
import { ModbusServer } from '../../testbed/modbus-server.ts'
import { listen } from '../../testbed/tcp-proxy.ts'
import { ModbusAddress } from './address.ts'
import { modbus } from './index.ts'

async function driverOf(port: number, wanted: readonly object[], intervalMs = 50) {
  const context = await testContext()
  const points = wanted.map((address, i) => ({
    key: `S/d/p${i}`,
    address: ModbusAddress.parse({ unit: 1, table: 'holding', register: 0, ...address }),
    intervalMs,
  }))
  const config = modbus.config.parse({ address: `127.0.0.1:${port}`, timeoutMs: 150 })
  return { driver: modbus.create(config, points, context), context }
}

async function server(): Promise<ModbusServer> {
  const opened = await ModbusServer.open()
  onTestFinished(() => opened.close())
  return opened
}

const valuesOf = (samples: readonly { point: string; value: number | null }[]) =>
  Object.fromEntries(samples.map(({ point, value }) => [point, value]))

testDiallingDriver({
  name: 'modbus',
  peer: async () => {
    const opened = await ModbusServer.open()
    opened.holding(1, 0, 7)
    return opened
  },
  driver: async (port) => (await driverOf(port, [{}])).driver,
})

test('F2 modbus: the four tables are read, neighbours with one request each', async () => {
  const peer = await server()
  peer.table(1, 1, 0, 0, 1)
  peer.table(2, 1, 9, 1)
  peer.holding(1, 100, 0x4248, 0x0000, 0xffff, 0b1000)
  peer.table(4, 1, 0, 215)
  const { driver } = await driverOf(peer.port, [
    { table: 'coil', register: 0 },
    { table: 'coil', register: 1 },
    { table: 'discrete', register: 9 },
    { register: 100, type: 'float32' },
    { register: 102, type: 'int16' },
    { register: 103, bit: 3 },
    { table: 'input', register: 0, scale: 0.1, offset: -50 },
  ])
  const samples = await new Life(driver).until((all) => all.length >= 7)
  expect(valuesOf(samples)).toEqual({
    'S/d/p0': 0,
    'S/d/p1': 1,
    'S/d/p2': 1,
    'S/d/p3': 50,
    'S/d/p4': -1,
    'S/d/p5': 1,
    'S/d/p6': -28.5,
  })
  expect(samples[0]).toMatchObject({ timeSource: 'gateway', quality: Quality.good })
  expect(peer.requests.slice(0, 4).map(({ code, start, count }) => [code, start, count])).toEqual([
    [1, 0, 2],
    [2, 9, 1],
    [3, 100, 4],
    [4, 0, 1],
  ])
})

test('F2 modbus: a merged request that the device refuses is split, and the split is remembered', async () => {
  const peer = await server()
  peer.holding(1, 0, 1, 2, 3)
  const { driver } = await driverOf(
    peer.port,
    [0, 1, 2, 3].map((register) => ({ register })),
  )
  const life = new Life(driver)
  const samples = await life.until((all) => all.length >= 4)
  expect(valuesOf(samples)).toEqual({ 'S/d/p0': 1, 'S/d/p1': 2, 'S/d/p2': 3, 'S/d/p3': null })
  expect(samples.find(({ point }) => point === 'S/d/p3')?.quality).toBe(Quality.badConfiguration)
  const asked = peer.requests.length
  const later = await life.until((all) => all.length >= 4 + 3)
  // Told once: the second round brings the three that have a value.
  expect(later.slice(4, 7).map(({ point }) => point)).toEqual(['S/d/p0', 'S/d/p1', 'S/d/p2'])
  expect(peer.requests.slice(asked, asked + 3).map(({ start, count }) => [start, count])).toEqual([
    [0, 2],
    [2, 1],
    [3, 1],
  ])
})

test('F2 modbus: a unit that is silent is told once, asked seldom, and does not stall the others', async () => {
  const peer = await server()
  peer.holding(1, 0, 11)
  peer.holding(2, 0, 22)
  peer.silent.add(2)
  const { driver, context } = await driverOf(peer.port, [{ unit: 1 }, { unit: 2 }])
  const life = new Life(driver)
  const nulls = (all: readonly { point: string }[]) => all.filter(({ point }) => point === 'S/d/p1')
  const samples = await life.until((all) => nulls(all).length > 0)
  expect(nulls(samples)).toEqual([
    expect.objectContaining({ value: null, quality: Quality.badNoCommunication, timeSource: 'gateway' }),
  ])
  const before = peer.requests.length
  const more = await life.until((all) => all.length >= samples.length + 20)
  expect(nulls(more)).toHaveLength(1)
  expect(peer.requests.slice(before).filter(({ unit }) => unit === 2)).toHaveLength(0)
  expect(context.problems.at(-1)).toBe('unit 2 does not answer')
})

test('F2 modbus: a TCP gateway that says a unit does not answer is believed', async () => {
  const peer = await server()
  peer.holding(1, 0, 11)
  peer.exceptions.set(2, 11)
  const { driver } = await driverOf(peer.port, [{ unit: 1 }, { unit: 2 }])
  const samples = await new Life(driver).until((all) => all.some(({ value }) => value === null))
  expect(samples.find(({ value }) => value === null)).toMatchObject({
    point: 'S/d/p1',
    quality: Quality.badNoCommunication,
  })
})

test('F2 modbus: where no unit answers, the link is down and says which', async () => {
  const peer = await server()
  peer.silent.add(1)
  const { driver } = await driverOf(peer.port, [{}])
  expect(await new Life(driver).failure()).toMatchObject({
    code: 'silent',
    message: expect.stringContaining('unit 1'),
  })
})

test('F2 modbus: when the link breaks, every point is told once to have no value', async () => {
  const peer = await server()
  peer.holding(1, 0, 11)
  peer.silent.add(2)
  const { driver } = await driverOf(peer.port, [{}, {}, { unit: 2 }])
  const life = new Life(driver)
  await life.until((all) => all.some(({ value }) => value === null))
  const failure = life.failure()
  await peer.close()
  expect(await failure).toMatchObject({ code: 'lost' })
  const nulls = (await life.until(() => true)).filter(({ value }) => value === null)
  expect(nulls.map(({ point, quality }) => [point, quality])).toEqual([
    ['S/d/p2', Quality.badNoCommunication],
    ['S/d/p0', Quality.badNoCommunication],
    ['S/d/p1', Quality.badNoCommunication],
  ])
})

test('F8 modbus: NaN and infinity are no values', async () => {
  const peer = await server()
  peer.holding(1, 0, 0x7fc0, 0, 0x7f80, 0)
  const { driver } = await driverOf(peer.port, [{ type: 'float32' }, { register: 2, type: 'float32' }])
  const samples = await new Life(driver).until((all) => all.length >= 2)
  for (const { value, quality } of samples)
    expect({ value, quality }).toEqual({ value: null, quality: Quality.bad })
})

test('J6 modbus: a reply with fewer registers than asked for is rubbish, and never read as zero', async () => {
  const peer = await listen((socket) => {
    // The transaction and unit of the request, and no register at all.
    socket.on('data', (request) =>
      socket.write(Buffer.concat([request.subarray(0, 4), Buffer.of(0, 3, 1, 3, 0)])),
    )
  })
  onTestFinished(() => peer.close())
  const { driver } = await driverOf(peer.port, [{}, { register: 1 }])
  const life = new Life(driver)
  expect(await life.failure()).toMatchObject({ code: 'rubbish' })
  expect((await life.until(() => true)).filter(({ value }) => value !== null)).toEqual([])
})

test('F2 modbus: a slow store is waited for, not polled past', async () => {
  const peer = await server()
  peer.holding(1, 0, 1)
  const { driver } = await driverOf(peer.port, [{}])
  const life = new Life(driver)
  await life.until((all) => all.length === 1)
  const asked = peer.requests.length
  // Ten intervals, in which nobody takes the next batch.
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(peer.requests.length).toBe(asked)
})
