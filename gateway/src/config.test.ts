import { ConfigError, parseYaml } from '@farwatch/runtime'
import { expect, test } from 'vitest'
import { GatewayConfig, pointsOfLink } from './config.ts'

const good = `
gateway: GW-E01
site: E01
centre: { url: "mqtt://127.0.0.1:1883" }
links:
  - name: cellar
    protocol: opcua
    connection: { endpoint: "opc.tcp://127.0.0.1:4840", security: none }
    points:
      - { point: cellar/LEL01, address: { node: "ns=2;s=Cellar.LEL01" }, intervalMs: 1000 }
  - name: line
    protocol: modbus
    connection: { address: "127.0.0.1:502", timeoutMs: 1000 }
    points:
      - { point: line/grinder, address: { unit: 1, table: holding, register: 0, type: float32, order: ABCD }, intervalMs: 1000 }
  - name: sensors
    protocol: mqtt
    connection: { listen: "127.0.0.1:1884", username: sensor, password: "\${SENSOR_PASSWORD}" }
    points:
      - { point: room1/nh3, address: { topic: "cold/room1", path: "nh3" } }
`

const parse = (text: string) => parseYaml(text, GatewayConfig, 'gateway.yaml', { SENSOR_PASSWORD: 'secret' })

function problemsOf(text: string): string[] {
  try {
    parse(text)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((p) => `${p.line}|${p.path}|${p.message}`)
    throw error
  }
  return []
}

test('F2 a gateway file names links of every protocol; keys carry the site, passwords come from the environment', () => {
  const config = parse(good)
  expect(
    config.links
      .flatMap((link) => pointsOfLink(config.site, link))
      .map(({ key, intervalMs }) => [key, intervalMs]),
  ).toEqual([
    ['E01/cellar/LEL01', 1_000],
    ['E01/line/grinder', 1_000],
    ['E01/room1/nh3', 1_000],
  ])
  expect(config.links[1]?.connection).toMatchObject({ address: { host: '127.0.0.1', port: 502 }, maxGap: 0 })
  expect(config.links[2]?.connection).toMatchObject({ password: 'secret' })
})

test('F8 every mistake of a gateway file is told at once, with line and path, also inside a link', () => {
  const bad = good
    .replace('mqtt://127.0.0.1:1883', 'http://127.0.0.1')
    .replace('opc.tcp://127.0.0.1:4840', '127.0.0.1:4840')
    .replace('ns=2;s=Cellar.LEL01', 'Cellar.LEL01')
    .replace('"127.0.0.1:502"', '"127.0.0.1"')
    .replace(
      'register: 0, type: float32, order: ABCD',
      'register: 65535, type: float32, order: ABDC, wrong: 1',
    )
    .replace('room1/nh3,', 'room1,')
    .replace('topic: "cold/room1"', 'topic: "cold/#"')
  expect(problemsOf(bad)).toEqual([
    '4|centre.url|expected mqtt://HOST:PORT or mqtts://HOST:PORT',
    '8|links[0].connection.endpoint|expected opc.tcp://HOST:PORT or opc.tcp://HOST:PORT/PATH',
    '10|links[0].points[0].address.node|expected a node id such as ns=2;s=Cellar.LEL01',
    '13|links[1].connection.address|expected HOST:PORT, such as 127.0.0.1:502, found "127.0.0.1"',
    '15|links[1].points[0].address.order|Invalid option: expected one of "ABCD"|"CDAB"|"BADC"|"DCBA"',
    '15|links[1].points[0].address|Unrecognized key: "wrong"',
    '20|links[2].points[0].point|expected DEVICE/METRIC, such as cellar/LEL01 (letters, digits and _ . : -)',
    '20|links[2].points[0].address.topic|expected one topic, without + or #',
  ])
})

test('F8 unknown protocols, double names, double points and a missing variable are told', () => {
  expect(problemsOf(good.replace('protocol: mqtt', 'protocol: bacnet'))).toEqual([
    '17|links[2].protocol|expected one of the protocols modbus, mqtt, opcua, hj212',
  ])
  expect(
    problemsOf(good.replace('name: line', 'name: cellar').replace('line/grinder', 'cellar/LEL01')),
  ).toEqual([
    '11|links[1].name|link cellar stands already at links[0].name',
    '15|links[1].points[0].point|point cellar/LEL01 stands already at links[0].points[0].point',
  ])
  expect(problemsOf(good.replace('SENSOR_PASSWORD', 'NO_PASSWORD'))[0]).toMatch(
    /^18\|\|\$\{NO_PASSWORD\} is not set/,
  )
})

test('F8 a broken address of every kind is refused with what was expected', () => {
  const modbus = (address: string) =>
    problemsOf(
      good.replace('{ unit: 1, table: holding, register: 0, type: float32, order: ABCD }', address),
    ).map((problem) => problem.split('|').slice(1).join('|'))
  const at = 'links[1].points[0].address'
  expect(modbus('{ unit: 1, table: holdin, register: 0 }')).toEqual([
    `${at}.table|expected one of holding, input, coil, discrete`,
  ])
  expect(modbus('{ unit: 1, table: coil, register: 0, type: float32 }')).toEqual([
    `${at}|Unrecognized key: "type"`,
  ])
  expect(modbus('{ unit: 1, table: input, register: 65535, type: float64 }')).toEqual([
    `${at}.register|float64 runs past register 65535`,
  ])
  expect(modbus('{ unit: 1, table: input, register: 1, type: int16, bit: 3 }')).toEqual([
    `${at}.bit|a bit is taken of uint16, not of int16`,
  ])
})
