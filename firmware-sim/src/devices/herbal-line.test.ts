import { connect } from 'node:net'
import { silentLog, systemClock } from '@farwatch/runtime'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pythonWithPymodbus, run, testWith } from '../testing/peers.ts'
import { cityProcesses } from '../values/city-processes.ts'
import { Plant } from '../values/plant.ts'
import { startHerbalLine } from './herbal-line.ts'

const plant = new Plant(cityProcesses(1))
let line: Awaited<ReturnType<typeof startHerbalLine>>

beforeAll(async () => {
  line = await startHerbalLine({ host: '127.0.0.1', port: 0 }, { plant, clock: systemClock, log: silentLog })
})
afterAll(() => line.stop())

const normal = [
  [30, 48],
  [12, 16],
  [800, 1400],
  [25, 45],
] as const

function expectNormal(values: readonly number[]): void {
  expect(values).toHaveLength(4)
  values.forEach((value, i) => {
    expect(value).toBeGreaterThanOrEqual(normal[i]![0])
    expect(value).toBeLessThanOrEqual(normal[i]![1])
  })
}

testWith(['mbpoll'], 'E03: mbpoll reads four float32 ABCD registers and the airlock', async () => {
  const common = ['-m', 'tcp', '-p', String(line.port), '-a', '1', '-0', '-1', '-q']
  // mbpoll's floats are CDAB unless -B says otherwise.
  const floats = await run('mbpoll', [...common, '-t', '4:float', '-B', '-r', '0', '-c', '4', '127.0.0.1'])
  expectNormal(Array.from(floats.matchAll(/^\[\d+\]:\s+([-\d.e+]+)/gm), (match) => Number(match[1])))
  const bits = await run('mbpoll', [...common, '-t', '1', '-r', '0', '-c', '1', '127.0.0.1'])
  expect(bits).toMatch(/^\[0\]:\s+[01]$/m)
})

const pymodbusClient = `
import struct, sys
from pymodbus.client import ModbusTcpClient
c = ModbusTcpClient('127.0.0.1', port=int(sys.argv[1]))
assert c.connect()
r = c.read_holding_registers(0, 8, slave=1)
print(*struct.unpack('>4f', struct.pack('>8H', *r.registers)))
print(int(c.read_discrete_inputs(0, 1, slave=1).bits[0]))
print(c.read_holding_registers(7, 2, slave=1).exception_code)
print(c.read_holding_registers(100, 1, slave=1).exception_code)
print(c.read_discrete_inputs(1, 1, slave=1).exception_code)
print(c.read_input_registers(0, 1, slave=1).exception_code)
print(c.write_register(0, 1, slave=1).exception_code)
print(c.read_holding_registers(0, 1, slave=2).exception_code)
c.close()
`

testWith(['pymodbus'], 'E03: pymodbus reads the map; holes are exception 2, other units 0x0B', async () => {
  const lines = (await run(pythonWithPymodbus()!, ['-c', pymodbusClient, String(line.port)]))
    .trim()
    .split('\n')
  expectNormal(lines[0]!.split(' ').map(Number))
  expect(lines.slice(1)).toEqual([expect.stringMatching(/^[01]$/), '2', '2', '2', '1', '1', '11'])
})

/** Sends bytes, gives back what came until the device closed or had answered with `expected` bytes. */
function talk(bytes: Buffer, expected: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let got = Buffer.alloc(0)
    const socket = connect(line.port, '127.0.0.1', () => socket.write(bytes))
    socket.on('data', (chunk) => {
      got = Buffer.concat([got, chunk])
      if (got.length >= expected) socket.end()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(got))
  })
}

test('E03: several requests in one segment are answered in order; quantity 126 is exception 3', async () => {
  const request = (id: number, count: number) => Buffer.of(0, id, 0, 0, 0, 6, 1, 3, 0, 0, 0, count)
  const answers = await talk(Buffer.concat([request(1, 1), request(2, 126), request(3, 1)]), 11 + 9 + 11)
  expect(answers[1]).toBe(1)
  expect([...answers.subarray(11, 20)]).toEqual([0, 2, 0, 0, 0, 3, 1, 0x83, 3])
  expect(answers[21]).toBe(3)
})

test('E03: what is no Modbus ends its connection and no other', async () => {
  expect(await talk(Buffer.from('GET / HTTP/1.1\r\n\r\n'), 1)).toHaveLength(0)
  expect(await talk(Buffer.of(0, 1, 0, 0, 0xff, 0xff, 1), 1)).toHaveLength(0)
  expect((await talk(Buffer.of(0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1), 11)).length).toBe(11)
})

test('E03: a port in use is named', async () => {
  const again = startHerbalLine(
    { host: '127.0.0.1', port: line.port },
    { plant, clock: systemClock, log: silentLog },
  )
  await expect(again).rejects.toMatchObject({
    code: 'port-unavailable',
    message: expect.stringContaining(String(line.port)),
  })
})
