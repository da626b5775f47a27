import { readdir } from 'node:fs/promises'
import { Level, Name, pointKey, pointsOf, Registry, Text } from '@farwatch/model'
import { loadYaml } from '@farwatch/runtime'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { cityFolder } from './config.ts'
import { cityProcesses, helmetDetector } from './values/city-processes.ts'

const registry = await loadYaml(`${cityFolder}/registry.yaml`, Registry)
const keys = [...pointsOf(registry)].map(({ key }) => key)
const gatewayFiles = (await readdir(`${cityFolder}/gateways`)).map((name) => `${cityFolder}/gateways/${name}`)
const variables = {
  FARWATCH_CENTRE: 'mqtt://centre:1',
  FARWATCH_SIM_OPCUA: 'opc.tcp://device:2',
  FARWATCH_SIM_MODBUS: 'device:3',
  FARWATCH_SIM_E09: 'device:4',
  FARWATCH_SIM_E02: 'device:5',
  FARWATCH_SIM_E07: 'device:6',
}

const Gateway = z.strictObject({
  gateway: Name,
  site: Name,
  centre: z.strictObject({ url: z.string() }),
  links: z.array(
    z.strictObject({
      name: Name,
      protocol: z.enum(['opcua', 'modbus', 'mqtt', 'hj212']),
      connection: z.record(z.string(), z.union([z.string(), z.number()])),
      points: z.array(
        z.strictObject({
          point: z.string(),
          // A logger's number without quotes is a number with an exponent.
          address: z
            .record(z.string(), z.union([z.string(), z.number()]))
            .refine(({ mn }) => typeof mn !== 'number', 'expected mn in quotes'),
          intervalMs: z.number().int(),
        }),
      ),
    }),
  ),
})

test('the registry is valid, and each of its points is simulated', () => {
  expect(registry.sites.map(({ id, county }) => [id, county])).toEqual([
    ['E01', '341602'],
    ['E02', '341621'],
    ['E03', '341602'],
    ['E07', '341602'],
    ['E09', '341602'],
    ['E10', '341621'],
  ])
  // A logger forms its means itself, from what is simulated.
  const simulated = keys.filter((key) => !key.endsWith('-hour-avg'))
  expect([...simulated, helmetDetector].sort()).toEqual([...cityProcesses(1).keys()].sort())
})

test('the gateways read every point of their sites, no other, and not more seldom than the registry expects', async () => {
  const read: string[] = []
  for (const file of gatewayFiles) {
    const { gateway, site, links } = await loadYaml(file, Gateway, {})
    expect(registry.sites.find(({ id }) => id === site)?.gateway).toBe(gateway)
    for (const { point, intervalMs } of links.flatMap((link) => link.points)) {
      const [device, metric] = point.split('/')
      const key = pointKey(site, device!, metric!)
      read.push(key)
      const registered = [...pointsOf(registry)].find((one) => one.key === key)
      expect(registered?.point.intervalS ?? 0, key).toBeGreaterThanOrEqual(intervalMs / 1_000)
    }
  }
  expect(read.sort()).toEqual(keys.filter((key) => !key.startsWith('E10/')).sort())
})

test('addresses of devices and centre come from variables', async () => {
  const connections = await Promise.all(
    gatewayFiles.sort().map(async (file) => {
      const { centre, links } = await loadYaml(file, Gateway, variables)
      return [centre.url, ...links.flatMap(({ connection }) => Object.values(connection))]
    }),
  )
  expect(connections).toEqual([
    ['mqtt://centre:1', 'opc.tcp://device:2', 'none'],
    ['mqtt://centre:1', 'device:5'],
    ['mqtt://centre:1', 'device:3', 1000],
    ['mqtt://centre:1', 'device:6'],
    ['mqtt://centre:1', 'device:4'],
  ])
})

const Rules = z.strictObject({
  rules: z
    .array(
      z.strictObject({
        id: Name,
        version: z.number().int(),
        level: Level,
        title: Text,
        for: z.strictObject({
          kinds: z.array(z.string()).optional(),
          sites: z.array(z.string()).optional(),
          devices: z.array(z.string()).optional(),
          metrics: z.array(z.string()).optional(),
          unit: z.string().optional(),
        }),
        when: z.discriminatedUnion('type', [
          z.strictObject({
            type: z.literal('threshold'),
            above: z.number(),
            durationS: z.number(),
            clear: z.number(),
          }),
          z.strictObject({ type: z.literal('silence'), intervals: z.number() }),
        ]),
      }),
    )
    .min(1),
})

test('each rule is about at least one point, whose normal values neither set it nor keep it set', async () => {
  const files = await readdir(`${cityFolder}/rules`)
  const rules = (
    await Promise.all(files.map((name) => loadYaml(`${cityFolder}/rules/${name}`, Rules, {})))
  ).flatMap((file) => file.rules)
  expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length)
  const matches = (globs: string[] | undefined, name: string) =>
    globs === undefined ||
    globs.some((glob) => new RegExp(`^${glob.replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(name))
  for (const { id, for: scope, when } of rules) {
    const about = [...pointsOf(registry)].filter(
      ({ site, device, point }) =>
        (scope.kinds === undefined || scope.kinds.includes(site.kind)) &&
        matches(scope.sites, site.id) &&
        matches(scope.devices, device.id) &&
        matches(scope.metrics, point.metric) &&
        (scope.unit === undefined || scope.unit === point.unit),
    )
    expect(about.length, id).toBeGreaterThan(0)
    if (when.type !== 'threshold') continue
    expect(when.clear).toBeLessThan(when.above)
    for (const { key, point } of about) expect(point.normal![1], `${id} ${key}`).toBeLessThan(when.clear)
  }
})
