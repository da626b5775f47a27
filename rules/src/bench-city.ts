import { type PointKey, type Registry, Registry as RegistrySchema } from '@farwatch/model'
import { type Rule, ruleSchema } from './language/rule.ts'

/** Metrics of one site; each is watched by `rulesAMetric` of the rules. */
export const metrics = 100
export const rulesAMetric = 3

/** 300 rules, and so many points, a hundred a site. */
export function city(points: number): {
  rules: readonly Rule[]
  registry: Registry
  keys: readonly PointKey[]
} {
  const registry = registryOf(points)
  const keys = registry.sites.flatMap((site) =>
    site.devices.flatMap((device) => device.points.map(({ metric }) => `${site.id}/${device.id}/${metric}`)),
  )
  return { rules: rulesOf(), registry, keys }
}

function rulesOf(): Rule[] {
  const schema = ruleSchema(new Map(), 'bench')
  return Array.from({ length: metrics * rulesAMetric }, (_, i) =>
    schema.parse({
      id: `rule-${i}`,
      level: 'orange',
      title: { zh: '规则', en: 'Rule' },
      for: { metrics: [`m${i % metrics}`] },
      when: {
        type: 'threshold',
        above: 25 + Math.floor(i / metrics) * 12,
        durationS: Math.floor(i / metrics),
        clear: 20,
      },
    }),
  )
}

function registryOf(points: number): Registry {
  const name = { zh: '名', en: 'name' }
  const sites = Array.from({ length: points / metrics }, (_, s) => ({
    id: `S${s}`,
    name,
    latitude: 33,
    longitude: 115,
    devices: [
      { id: 'd', name, points: Array.from({ length: metrics }, (_, m) => ({ metric: `m${m}`, name })) },
    ],
  }))
  return RegistrySchema.parse({ sites })
}
