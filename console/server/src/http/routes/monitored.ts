import { Name, type PointKey } from '@farwatch/model'
import { z } from 'zod'
import type { KnownPoint } from '../../live/live-state.ts'
import { ageOf } from '../../live/newest.ts'
import type { App, AppParts } from '../app.ts'
import { DeviceBody, GatewayBody, PointBody, problemResponse, SiteBody } from '../schemas.ts'

/** Values older than so many of their expected intervals are stale. */
const staleIntervals = 3
const maxPoints = 10_000

const tags = ['monitored']
const config = { action: 'monitoring.read' } as const
const OfSite = z.object({ site: Name.optional().describe('Only of this site') })

export function monitoredRoutes(app: App, { state, clock, views }: AppParts): void {
  app.get(
    '/api/sites',
    {
      config,
      schema: {
        tags,
        summary: 'Every site that the caller may see; unregistered ones for who may see everything',
        response: { 200: z.array(SiteBody), default: problemResponse },
      },
    },
    async ({ principal }) =>
      views
        .of(principal)
        .sites(state.sites())
        .map((site) => ({ ...site, devices: site.devices.map(({ id }) => id) })),
  )

  app.get(
    '/api/devices',
    {
      config,
      schema: {
        tags,
        summary: 'Devices, cameras with the address of their newest picture',
        querystring: OfSite,
        response: { 200: z.array(DeviceBody), default: problemResponse },
      },
    },
    async ({ query, principal }) =>
      views
        .of(principal)
        .sites(state.sites())
        .filter(({ id }) => query.site === undefined || query.site === id)
        .flatMap((site) =>
          site.devices.map((device) => ({
            ...device,
            site: site.id,
            points: device.points.map(({ key }) => key),
          })),
        ),
  )

  app.get(
    '/api/points',
    {
      config,
      schema: {
        tags,
        summary: 'Points with their last value, its quality and its age',
        description: 'More than `limit`: the header Link (rel="next", RFC 8288) leads on.',
        querystring: OfSite.extend({
          device: Name.optional().describe('Only of this device'),
          after: z.string().max(256).optional().describe('Go on after this key'),
          limit: z.coerce.number().int().min(1).max(maxPoints).default(maxPoints),
        }),
        response: { 200: z.array(PointBody), default: problemResponse },
      },
    },
    async ({ query, principal }, reply) => {
      const { site, device, after = '', limit } = query
      const view = views.of(principal)
      const found = Array.from(state.points())
        .filter((point) => view.site(point.site))
        .filter((point) => site === undefined || site === point.site)
        .filter((point) => device === undefined || device === point.device)
        .filter(({ view }) => view.key > after)
        .sort((a, b) => (a.view.key < b.view.key ? -1 : 1))
      const page = found.slice(0, limit)
      const last = page.at(-1)
      if (found.length > limit && last !== undefined)
        reply.header('link', nextLink({ site, device, limit }, last.view.key))
      const nowMs = clock.now()
      return page.map((point) => pointBody(point, nowMs))
    },
  )

  app.get(
    '/api/gateways',
    {
      config,
      schema: {
        tags,
        summary:
          'Gateways: whether they are online, what they last said of themselves, how their batches come in',
        response: { 200: z.array(GatewayBody), default: problemResponse },
      },
    },
    async ({ principal }) =>
      views
        .of(principal)
        .gateways(state.gatewayViews())
        .map((gateway) => ({ ...gateway })),
  )
}

function pointBody({ site, device, view }: KnownPoint, nowMs: number): PointBody {
  const ageMs = view.last === null ? null : ageOf(view.last, nowMs)
  const stale = ageMs !== null && ageMs > staleIntervals * view.intervalS * 1_000
  return { ...view, site, device, ageMs, freshness: ageMs === null ? 'never' : stale ? 'stale' : 'fresh' }
}

function nextLink(query: { site?: string; device?: string; limit: number }, after: PointKey): string {
  const parameters = new URLSearchParams({ after, limit: String(query.limit) })
  if (query.site !== undefined) parameters.set('site', query.site)
  if (query.device !== undefined) parameters.set('device', query.device)
  return `</api/points?${parameters}>; rel="next"`
}
