import { type CentreRecord, encodeRecord, Registry } from '@farwatch/model'
import { parseYaml } from '@farwatch/runtime'
import { z } from 'zod'
import { type Rule, ruleSchema } from '../language/rule.ts'

/** A small city for tests: a distillery with two gas points, a cold store. */
export const registry = Registry.parse({
  sites: [
    {
      id: 'E01',
      name: { zh: '谯韵酒业', en: 'Qiaoyun distillery' },
      kind: 'distillery',
      latitude: 33.905,
      longitude: 115.715,
      devices: [
        {
          id: 'Cellar',
          name: { zh: '酒库', en: 'Cellar' },
          points: ['LEL01', 'LEL02'].map((metric) => ({
            metric,
            name: { zh: metric, en: metric },
            unit: '%LEL',
            intervalS: 1,
          })),
        },
      ],
    },
    {
      id: 'E09',
      name: { zh: '药都冷链', en: 'Yaodu cold chain' },
      kind: 'cold-store',
      latitude: 33.835,
      longitude: 115.745,
      devices: [
        {
          id: 'room1',
          name: { zh: '1号库', en: 'Room 1' },
          points: [
            { metric: 'temperature', name: { zh: '温度', en: 'Temperature' }, unit: '°C', intervalS: 20 },
          ],
        },
      ],
    },
  ],
})

/** Rules out of YAML, as a file has them. */
export function rulesOf(yaml: string): Rule[] {
  const schema = z.strictObject({ rules: z.array(ruleSchema(new Map(), 'test.yaml')) })
  return parseYaml(yaml, schema, 'test.yaml').rules
}

export const gasRules = `
rules:
  - id: gas-1
    level: orange
    title: { zh: 可燃气体一级报警, en: "Combustible gas, level 1" }
    for: { kinds: [distillery], metrics: ["LEL*"], unit: "%LEL" }
    when: { type: threshold, above: 25, durationS: 2 }
  - id: point-silent
    level: yellow
    title: { zh: 数据中断, en: "No data" }
    for: { sites: [E01, E09] }
    when: { type: silence, intervals: 3 }
`

/** For lives that are cut short. */
export const lifeRules = rulesOf(`
rules:
  - id: gas-1
    level: orange
    title: { zh: 气体, en: Gas }
    for: { metrics: ["LEL*"] }
    when: { type: threshold, above: 25, durationS: 0.01, clear: 20 }
`)

export const lel01 = 'E01/Cellar/LEL01'

const encoder = new TextEncoder()

/** A plain message as intake journals it. Without `timeMs` it was stamped on arrival. */
export function message(of: {
  point: string
  receivedMs: number
  timeMs?: number
  value: number
}): CentreRecord {
  const [site, device, metric] = of.point.split('/') as [string, string, string]
  const values = { [metric]: of.value }
  const json = of.timeMs === undefined ? values : { ts: of.timeMs, values }
  return {
    kind: 'telemetry',
    receivedMs: of.receivedMs,
    site,
    device,
    bytes: encoder.encode(JSON.stringify(json)),
  }
}

export function encodedMessage(of: Parameters<typeof message>[0]): Uint8Array {
  return encodeRecord(message(of))
}
