import { z } from 'zod'
import { Name, type PointKey, pointKey } from './names.ts'

/** Text a user reads, in both languages of the product. */
export const Text = z.strictObject({ zh: z.string().min(1).max(200), en: z.string().min(1).max(200) })
export type Text = z.infer<typeof Text>

export const siteKinds = [
  'distillery',
  'boiler',
  'processing',
  'pharmaceutical',
  'chemical',
  'incinerator',
  'sewage',
  'cold-store',
  'construction',
  'kitchen',
  'lift',
  'petrol-station',
  'warehouse',
  'ambient',
  'other',
] as const

export const Point = z.strictObject({
  metric: Name,
  name: Text,
  /** As shown to people: `%LEL`, `mg/m³`, `°C`; empty for a state. */
  unit: z.string().max(16).default(''),
  /** `state` points are 0 or 1 and are drawn as steps. */
  type: z.enum(['number', 'state']).default('number'),
  /** How often a value is expected. Silence is judged by it. */
  intervalS: z.number().positive().max(86_400).default(10),
  /** Normal operating range, for the trend's band. */
  normal: z.tuple([z.number(), z.number()]).optional(),
  /** Limits drawn on the trend; rules carry their own. */
  limits: z
    .array(z.strictObject({ value: z.number(), level: z.enum(['red', 'orange', 'yellow', 'blue']) }))
    .default([]),
})
export type Point = z.infer<typeof Point>

export const Device = z.strictObject({
  id: Name,
  name: Text,
  kind: z.enum(['sensor', 'camera']).default('sensor'),
  /** Camera name in Frigate, for devices of kind camera. */
  frigateCamera: Name.optional(),
  points: z.array(Point).max(10_000).default([]),
})
export type Device = z.infer<typeof Device>

export const Site = z.strictObject({
  id: Name,
  name: Text,
  kind: z.enum(siteKinds).default('other'),
  /** WGS-84 degrees. */
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
  /** GB/T 2260 county code, six digits. */
  county: z
    .string()
    .regex(/^\d{6}$/, 'six digits of GB/T 2260')
    .optional(),
  address: Text.optional(),
  /** The gateway that may speak for this site; none means devices publish directly. */
  gateway: Name.optional(),
  devices: z.array(Device).max(1_000).default([]),
})
export type Site = z.infer<typeof Site>

/** What is monitored: the content of `registry.yaml`. */
export const Registry = z
  .strictObject({ sites: z.array(Site).max(100_000).default([]) })
  .superRefine(({ sites }, context) => {
    const seen = new Set<string>()
    const once = (key: string, path: (string | number)[]) => {
      if (seen.has(key)) context.addIssue({ code: 'custom', path, message: `${key} appears twice` })
      seen.add(key)
    }
    sites.forEach((site, s) => {
      once(site.id, ['sites', s, 'id'])
      site.devices.forEach((device, d) => {
        once(`${site.id}/${device.id}`, ['sites', s, 'devices', d, 'id'])
        device.points.forEach((point, p) => {
          once(pointKey(site.id, device.id, point.metric), ['sites', s, 'devices', d, 'points', p, 'metric'])
        })
      })
    })
  })
export type Registry = z.infer<typeof Registry>

export interface RegisteredPoint {
  readonly key: PointKey
  readonly site: Site
  readonly device: Device
  readonly point: Point
}

export function* pointsOf(registry: Registry): Generator<RegisteredPoint> {
  for (const site of registry.sites)
    for (const device of site.devices)
      for (const point of device.points)
        yield { key: pointKey(site.id, device.id, point.metric), site, device, point }
}

/** A site that a change of the registry has touched: undefined on the side where it isn't registered. */
export interface ChangedSite {
  readonly id: string
  readonly before: Site | undefined
  readonly after: Site | undefined
}

/** Sites that are not the same in both; a site in which nothing changed is the same object in either. */
export function changedSites(before: Registry, after: Registry): ChangedSite[] {
  const old = new Map(before.sites.map((site) => [site.id, site]))
  const changed: ChangedSite[] = []
  for (const site of after.sites) {
    const was = old.get(site.id)
    old.delete(site.id)
    if (was !== site) changed.push({ id: site.id, before: was, after: site })
  }
  for (const [id, site] of old) changed.push({ id, before: site, after: undefined })
  return changed
}
