import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Dialect } from './device.ts'

/** A way in: each site has one, and devices of its own. */
export interface Way {
  readonly site: string
  /** Undefined: the devices publish to the centre themselves. */
  readonly gateway: string | undefined
  /** In words, for the report. */
  readonly description: string
  readonly dialect: Dialect
}

const flat: Dialect = {
  topic: (device) => `plant/${device}`,
  payload: (timeMs, values) => JSON.stringify({ ts: timeMs, ...values }),
}

export const ways = {
  listen: {
    site: 'PA',
    gateway: 'GW-A',
    description: 'device → gateway → centre',
    dialect: flat,
  },
  broker: {
    site: 'PB',
    gateway: 'GW-B',
    description: 'device → mosquitto → gateway → centre',
    dialect: flat,
  },
  plain: {
    site: 'PC',
    gateway: undefined,
    description: 'device → centre, plain JSON',
    dialect: {
      topic: (device) => `telemetry/PC/${device}`,
      payload: (timeMs, values) => JSON.stringify({ ts: timeMs, values }),
    },
  },
} as const satisfies Record<string, Way>

/** What the plant is made of. */
export interface PlantPlan {
  readonly ways: readonly Way[]
  readonly devicesPerSite: number
  /** Metrics of each device that carry the running number itself. */
  readonly metrics: number
  /** The first device of each site crosses its limit once in so many messages. */
  readonly crossingEvery: number
}

export const alarmMetric = 'level'

export function devicesOf(plan: PlantPlan, way: Way): string[] {
  return Array.from({ length: plan.devicesPerSite }, (_, i) => `${way.site.toLowerCase()}${i + 1}`)
}

const hasAlarm = (device: string) => device.endsWith('a1') || device.endsWith('b1') || device.endsWith('c1')

export function metricsOf(plan: PlantPlan, device: string): string[] {
  const numbered = Array.from({ length: plan.metrics }, (_, i) => `m${i + 1}`)
  return hasAlarm(device) ? [...numbered, alarmMetric] : numbered
}

export function isCrossing(plan: PlantPlan, device: string, n: number): boolean {
  return hasAlarm(device) && n % plan.crossingEvery === 0
}

/** The running number; the alarm's metric says it below zero, and above where the limit of zero is crossed. */
export function valueIn(
  plan: PlantPlan,
  { device, metric, n }: { device: string; metric: string; n: number },
) {
  return metric === alarmMetric && !isCrossing(plan, device, n) ? -n : n
}

/** Writes registry, rules and notification of the centre into `folder`. */
export async function writeCentreFiles(
  folder: string,
  { plan, webhook }: { plan: PlantPlan; webhook: { url: string; secret: string } },
): Promise<void> {
  const both = (text: string) => ({ zh: text, en: text })
  const sites = plan.ways.map((way) => ({
    ...{ id: way.site, name: both(way.site), latitude: 33.9, longitude: 115.8 },
    ...(way.gateway === undefined ? {} : { gateway: way.gateway }),
    devices: devicesOf(plan, way).map((device) => ({
      ...{ id: device, name: both(device) },
      points: metricsOf(plan, device).map((metric) => ({ metric, name: both(metric) })),
    })),
  }))
  const rule = {
    ...{ id: 'crossing', level: 'red', title: both('crossing'), for: { metrics: [alarmMetric] } },
    when: { type: 'threshold', above: 0, clear: 0 },
  }
  await mkdir(join(folder, 'rules'), { recursive: true })
  // JSON is YAML.
  await writeFile(join(folder, 'registry.yaml'), JSON.stringify({ sites }))
  await writeFile(join(folder, 'rules', 'crossing.yaml'), JSON.stringify({ rules: [rule] }))
  await writeFile(join(folder, 'notify.yaml'), JSON.stringify({ webhooks: [webhook] }))
}

/** Writes the file of a way's gateway. */
export async function writeGatewayFile(
  file: string,
  {
    plan,
    way,
    centrePort,
    connection,
  }: { plan: PlantPlan; way: Way; centrePort: number; connection: object },
): Promise<void> {
  const points = devicesOf(plan, way).flatMap((device) =>
    metricsOf(plan, device).map((metric) => ({
      point: `${device}/${metric}`,
      address: { topic: way.dialect.topic('{device}'), path: metric },
    })),
  )
  const config = {
    ...{ gateway: way.gateway, site: way.site, centre: { url: `mqtt://127.0.0.1:${centrePort}` } },
    links: [{ name: 'plant', protocol: 'mqtt', connection, points }],
  }
  await writeFile(file, JSON.stringify(config))
}
