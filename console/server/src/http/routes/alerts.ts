import { Alert, compareLevels, isOpen, Level, levels, Name, type Principal } from '@farwatch/model'
import { z } from 'zod'
import { recordedAlerts } from '../../queries/alerts.ts'
import { recordAct } from '../acts.ts'
import type { App, AppParts } from '../app.ts'
import { Problem } from '../problem.ts'
import { forbidden } from '../rights.ts'
import { AcknowledgeBody, AcknowledgedBody, problemResponse } from '../schemas.ts'

const tags = ['alerts']

const Levels = z
  .string()
  .max(100)
  .transform((text) => text.split(','))
  .pipe(z.array(Level))
  .optional()
  .describe('Any of red, orange, yellow, blue, with commas')

export function alertRoutes(app: App, { acts, desk, database, state, views }: AppParts): void {
  app.get(
    '/api/alerts',
    {
      config: { action: 'monitoring.read' },
      schema: {
        tags,
        summary: 'Alerts with their transitions: open ones worst first, others newest first',
        querystring: z.object({
          state: z.enum(['open', 'closed', 'all']).default('open'),
          level: Levels,
          site: Name.optional(),
          limit: z.coerce.number().int().min(1).max(1_000).default(500),
        }),
        response: { 200: z.array(Alert), default: problemResponse },
      },
    },
    async ({ query, principal }) => {
      const { state: wanted, level = [...levels], site, limit } = query
      const view = views.of(principal)
      const matches = (alert: Alert) =>
        level.includes(alert.level) && (site === undefined || site === alert.site) && view.alert(alert)
      const current = desk.current().filter(matches)
      if (wanted === 'open') {
        return current
          .filter(isOpen)
          .sort((a, b) => compareLevels(a.level, b.level) || b.setMs - a.setMs)
          .slice(0, limit)
      }
      const sites = view.isUnlimited('monitoring.read')
        ? undefined
        : view.sites(state.sites()).map(({ id }) => id)
      // What the desk knows is newer than what has been recorded.
      const byId = new Map(
        (await recordedAlerts(database, { state: wanted, levels: level, site, sites, limit })).map(
          (alert) => [alert.id, alert],
        ),
      )
      for (const alert of current) byId.set(alert.id, alert)
      return Array.from(byId.values())
        .filter((alert) => wanted === 'all' || !isOpen(alert))
        .sort((a, b) => b.setMs - a.setMs)
        .slice(0, limit)
    },
  )

  app.post(
    '/api/alerts/:id/acknowledge',
    {
      config: { action: 'alerts.act' },
      schema: {
        tags,
        summary: 'Somebody has seen the alert; recorded with the name, durable when answered',
        params: z.object({ id: Alert.shape.id }),
        body: AcknowledgeBody,
        response: { 200: AcknowledgedBody, default: problemResponse },
      },
    },
    async (request) => {
      const { params, body, principal } = request
      const { id } = params
      const view = views.of(principal)
      const alert = desk.current().find((one) => one.id === id)
      if (alert === undefined || !view.alert(alert)) throw unknownAlert(id)
      if (!view.alert(alert, 'alerts.act')) throw forbidden('alerts.act')
      const by = nameOf(principal, body.by)
      const done = await desk.acknowledge(id, { by, comment: body.comment })
      if (done.outcome === 'unknown') throw unknownAlert(id)
      const { subject, site, level } = done.alert
      await recordAct(acts, request, {
        ...{ action: 'alert.acknowledge', object: { kind: 'alert', id }, scope: views.scopeOfSite(site) },
        after: { by, comment: body.comment ?? null, outcome: done.outcome, subject, site, level },
      })
      return done
    },
  )
}

/** Who has an account acts under its name; others say who they are. */
function nameOf({ actor }: Principal, said: string | undefined): string {
  if (actor.via === 'session' || actor.via === 'token') return actor.name
  if (said !== undefined) return said
  throw new Problem({
    status: 400,
    code: 'invalid-request',
    title: 'body.by: found nothing, expected who acknowledges',
  })
}

function unknownAlert(id: string): Problem {
  return new Problem({
    status: 404,
    code: 'unknown-alert',
    title: `Found no alert ${id} that is open`,
    detail: '/api/alerts?state=open lists them.',
  })
}
