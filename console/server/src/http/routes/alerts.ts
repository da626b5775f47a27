import { Alert, compareLevels, isOpen, Level, levels, Name } from '@farwatch/model'
import { z } from 'zod'
import { recordedAlerts } from '../../queries/alerts.ts'
import { recordAct } from '../acts.ts'
import type { App, AppParts } from '../app.ts'
import { Problem } from '../problem.ts'
import { AcknowledgeBody, AcknowledgedBody, problemResponse } from '../schemas.ts'

const tags = ['alerts']

const Levels = z
  .string()
  .max(100)
  .transform((text) => text.split(','))
  .pipe(z.array(Level))
  .optional()
  .describe('Any of red, orange, yellow, blue, with commas')

export function alertRoutes(app: App, { acts, desk, database }: AppParts): void {
  app.get(
    '/api/alerts',
    {
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
    async ({ query }) => {
      const { state, level = [...levels], site, limit } = query
      const matches = (alert: Alert) =>
        level.includes(alert.level) && (site === undefined || site === alert.site)
      const current = desk.current().filter(matches)
      if (state === 'open') {
        return current
          .filter(isOpen)
          .sort((a, b) => compareLevels(a.level, b.level) || b.setMs - a.setMs)
          .slice(0, limit)
      }
      // What the desk knows is newer than what has been recorded.
      const byId = new Map(
        (await recordedAlerts(database, { state, levels: level, site, limit })).map((alert) => [
          alert.id,
          alert,
        ]),
      )
      for (const alert of current) byId.set(alert.id, alert)
      return Array.from(byId.values())
        .filter((alert) => state === 'all' || !isOpen(alert))
        .sort((a, b) => b.setMs - a.setMs)
        .slice(0, limit)
    },
  )

  app.post(
    '/api/alerts/:id/acknowledge',
    {
      config: { acts: 'recorded' },
      schema: {
        tags,
        summary: 'Somebody has seen the alert; recorded with the name, durable when answered',
        params: z.object({ id: Alert.shape.id }),
        body: AcknowledgeBody,
        response: { 200: AcknowledgedBody, default: problemResponse },
      },
    },
    async (request) => {
      const { params, body } = request
      const { id } = params
      const done = await desk.acknowledge(id, body)
      if (done.outcome !== 'unknown') {
        const { outcome, alert } = done
        const after = { ...body, outcome, alert: alert.subject, site: alert.site, level: alert.level }
        await recordAct(acts, request, { action: 'alert.acknowledge', object: { kind: 'alert', id }, after })
        return done
      }
      throw new Problem({
        status: 404,
        code: 'unknown-alert',
        title: `Found no alert ${id} that is open`,
        detail: '/api/alerts?state=open lists them.',
      })
    },
  )
}
