import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Registry } from '@farwatch/model'
import { loadRules, type Rule } from '@farwatch/rules'

/** What the bench of ingest watches: as many gateways with one site each, and as many sites whose devices publish themselves. */
export const gateways = 20
/** Points a gateway reads; a batch holds one reading each of the first of them. */
export const pointsAGateway = 100
/** As `plainTelemetry` of the simulator sends them. */
const plainMetrics = ['pm10', 'tsp', 'noise', 'windSpeed', 'windDirection']
const rulesAGateway = 45

export const gatewayId = (gateway: number) => `GW-${gateway}`
export const gatewayPoint = (gateway: number, point: number) => `BENCH${gateway}/plc/m${point}`
/** What raises an alert at the end of a load, and what does not. */
export const crossing = 1_000
const limit = 500

export function cityRegistry(): Registry {
  const name = { zh: '名', en: 'name' }
  const place = { name, latitude: 33.85, longitude: 115.78 }
  const points = (metrics: readonly string[]) => metrics.map((metric) => ({ metric, name }))
  const all = Array.from({ length: pointsAGateway }, (_, m) => `m${m}`)
  return Registry.parse({
    sites: Array.from({ length: gateways }, (_, g) => [
      {
        ...{ id: `BENCH${g}`, gateway: gatewayId(g), ...place },
        devices: [{ id: 'plc', name, points: points(all) }],
      },
      { id: `LOAD${g}`, ...place, devices: [{ id: 'station1', name, points: points(plainMetrics) }] },
    ]).flat(),
  })
}

/** 1,000 rules, so that each point is watched by one: 45 for the points of each gateway, 5 for each device without one. */
export async function cityRules(home: string): Promise<Rule[]> {
  const folder = join(home, 'rules')
  await mkdir(folder, { recursive: true })
  const rules = Array.from({ length: gateways }, (_, g) => [
    ...Array.from({ length: rulesAGateway }, (_, r) => rule(`BENCH${g}`, r, metricsOf(r))),
    ...plainMetrics.map((metric, r) => rule(`LOAD${g}`, r, [metric])),
  ]).flat()
  // JSON is YAML.
  await writeFile(join(folder, 'bench.yaml'), JSON.stringify({ rules }))
  return loadRules(folder)
}

function metricsOf(rule: number): string[] {
  const from = Math.ceil((rule * pointsAGateway) / rulesAGateway)
  const to = Math.ceil(((rule + 1) * pointsAGateway) / rulesAGateway)
  return Array.from({ length: to - from }, (_, m) => `m${from + m}`)
}

function rule(site: string, number: number, metrics: readonly string[]) {
  return {
    id: `${site}-${number}`,
    level: 'orange',
    title: { zh: '规则', en: 'Rule' },
    for: { sites: [site], metrics },
    when: { type: 'threshold', above: limit },
  }
}
