import { fileURLToPath } from 'node:url'
import { skipWithoutPeer } from '@farwatch/runtime/testing'
import { expect, test } from 'vitest'
import { Life, testContext } from '../../testbed/context.ts'
import { ended, startForeign } from '../../testbed/foreign.ts'
import { ModbusAddress } from './address.ts'
import { modbus } from './index.ts'

// Debian's python3-pymodbus lives beside the system's interpreter, whatever else is first on the path.
const python = '/usr/bin/python3'
const script = fileURLToPath(new URL('../../../testdata/pymodbus_server.py', import.meta.url))

async function startPymodbus() {
  const { process, match } = await startForeign(python, [script], /PORT (\d+)/)
  return { process, port: Number(match[1]) }
}

async function driverOf(port: number, wanted: readonly object[]) {
  const context = await testContext()
  const points = wanted.map((address, i) => ({
    key: `S/d/p${i}`,
    address: ModbusAddress.parse({ unit: 1, table: 'holding', ...address }),
    intervalMs: 100,
  }))
  const config = modbus.config.parse({ address: `127.0.0.1:${port}`, timeoutMs: 400 })
  return { driver: modbus.create(config, points, context), context }
}

test('F6 a pymodbus server is polled', { timeout: 30_000 }, async (run) => {
  skipWithoutPeer(run, 'pymodbus')
  const { port } = await startPymodbus()
  const { driver } = await driverOf(port, [
    { register: 0, type: 'float32' },
    { register: 2, type: 'float32', order: 'CDAB' },
    { register: 4, type: 'int16' },
    { register: 5, bit: 2 },
    { table: 'input', register: 0, type: 'int32' },
    { table: 'coil', register: 0 },
    { table: 'coil', register: 9 },
    { table: 'discrete', register: 0 },
    { register: 20 },
  ])
  const life = new Life(driver)
  const samples = await life.until((all) => all.length >= 9)
  expect(samples.slice(0, 9).map(({ value }) => value)).toEqual(
    expect.arrayContaining([21.5, 21.5, -40, 1, -123_456, 1, 0, 1]),
  )
  const counted = (all: typeof samples) =>
    new Set(all.filter(({ point }) => point === 'S/d/p8').map(({ value }) => value))
  await life.until((all) => counted(all).size >= 3)
})

test('F2 a pymodbus server refuses a merged read over a hole: it is split; an unknown unit stalls nobody', {
  timeout: 30_000,
}, async (run) => {
  skipWithoutPeer(run, 'pymodbus')
  const { port } = await startPymodbus()
  const { driver, context } = await driverOf(port, [
    ...[4, 5, 6].map((register) => ({ register, type: 'int16' })),
    { unit: 9, register: 0 },
  ])
  const samples = await new Life(driver).until((all) => all.some(({ point }) => point === 'S/d/p3'))
  const firstOf = (point: string) => samples.find((sample) => sample.point === point)
  expect(firstOf('S/d/p0')?.value).toBe(-40)
  expect(firstOf('S/d/p1')?.value).toBe(4)
  expect(firstOf('S/d/p2')).toMatchObject({ value: null, quality: 0x8089 })
  expect(firstOf('S/d/p3')).toMatchObject({ value: null, quality: 0x8031 })
  expect(context.problems.at(-1)).toBe('unit 9 does not answer')
})

test('F2 a pymodbus server that is killed ends the life of the link with a DriverError', {
  timeout: 30_000,
}, async (run) => {
  skipWithoutPeer(run, 'pymodbus')
  const { process, port } = await startPymodbus()
  const { driver } = await driverOf(port, [{ register: 0, type: 'float32' }])
  const life = new Life(driver)
  await life.until((all) => all.length > 0)
  const failure = life.failure()
  await ended(process)
  expect(await failure).toMatchObject({ code: 'lost' })
})
