import { Name, type PointKey, pointKey } from '@farwatch/model'
import { loadYaml, type Variables } from '@farwatch/runtime'
import { z } from 'zod'
import type { Point, Protocol } from './driver.ts'
import { protocols } from './drivers/index.ts'

const maxPoints = 20_000

/** `cellar/LEL01`: device and metric; the site of the file stands before them in the point's key. */
const PointPath = z
  .string()
  .refine(
    (text) => text.split('/').length === 2 && text.split('/').every((part) => Name.safeParse(part).success),
    'expected DEVICE/METRIC, such as cellar/LEL01 (letters, digits and _ . : -)',
  )

function linkOf(protocol: Protocol<unknown, unknown>) {
  return z.strictObject({
    name: Name,
    protocol: z.literal(protocol.name),
    connection: protocol.config,
    points: z
      .array(
        z.strictObject({
          point: PointPath,
          address: protocol.address,
          intervalMs: z.number().int().min(50).max(86_400_000).default(1_000),
          /** Changes smaller than this, in the point's unit, are held back for up to ten intervals. */
          deadband: z.number().positive().optional(),
          /** A value beyond one of these, in the point's unit, closes its batch at once. */
          flush: z
            .strictObject({ above: z.number().optional(), below: z.number().optional() })
            .refine(
              ({ above, below }) => above !== undefined || below !== undefined,
              'expected above or below',
            )
            .optional(),
        }),
      )
      .min(1, 'a link needs at least one point')
      .max(maxPoints),
  })
}

const names = protocols.map((protocol) => protocol.name)
const [first, ...others] = protocols.map(linkOf)

const LinkConfig = z.discriminatedUnion('protocol', [first!, ...others], {
  error: () => `expected one of the protocols ${names.join(', ')}`,
})

/** What a gateway reads at its site: the content of its YAML file. Passwords never stand in it. */
export const GatewayConfig = z
  .strictObject({
    /** The gateway's id, also its user name at the centre. */
    gateway: Name,
    site: Name,
    centre: z.strictObject({
      url: z.string().regex(/^mqtts?:\/\/[^\s@/]+$/, 'expected mqtt://HOST:PORT or mqtts://HOST:PORT'),
    }),
    batch: z
      .strictObject({
        /** How long the first reading of a batch waits for others. A link is read on when its readings are on disk. */
        lingerMs: z.number().int().min(1).max(60_000).default(50),
      })
      .prefault({}),
    /** Bounds of what waits for the centre: beyond them the oldest goes, declared. */
    journal: z
      .strictObject({
        maxBytes: z
          .number()
          .int()
          .min(1_048_576)
          .default(4 * 1024 ** 3),
        maxAgeDays: z.number().positive().max(400).default(30),
      })
      .prefault({}),
    backfill: z
      .strictObject({
        /** What a backlog may take of the line while the present goes first. */
        bytesPerSecond: z
          .number()
          .int()
          .min(1_000)
          .default(4 * 1024 ** 2),
      })
      .prefault({}),
    links: z.array(LinkConfig).max(1_000).default([]),
  })
  .superRefine(({ links }, context) => {
    const seen = new Map<string, string>()
    const once = (name: string, path: (string | number)[], what: string) => {
      const place = path.map((part) => (typeof part === 'number' ? `[${part}]` : part)).join('.')
      const before = seen.get(name)
      if (before !== undefined)
        context.addIssue({ code: 'custom', path, message: `${what} stands already at ${before}` })
      else seen.set(name, place.replaceAll('.[', '['))
    }
    links.forEach((link, l) => {
      once(link.name, ['links', l, 'name'], `link ${link.name}`)
      link.points.forEach(({ point }, p) => {
        once(point, ['links', l, 'points', p, 'point'], `point ${point}`)
      })
    })
  })
export type GatewayConfig = z.infer<typeof GatewayConfig>
export type LinkConfig = GatewayConfig['links'][number]

/** Reads a gateway's file. @throws ConfigError with every mistake at once, each with file, line and path. */
export function loadGatewayConfig(file: string, variables?: Variables): Promise<GatewayConfig> {
  return loadYaml(file, GatewayConfig, variables)
}

/** The points of a link under the keys they have everywhere else. */
export function pointsOfLink(site: string, link: LinkConfig): Point<unknown>[] {
  return link.points.map(({ point, address, intervalMs }) => ({
    key: keyOf(site, point),
    address,
    intervalMs,
  }))
}

export function keyOf(site: string, path: string): PointKey {
  const [device, metric] = path.split('/')
  return pointKey(site, device!, metric!)
}
