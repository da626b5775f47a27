import { z } from 'zod'
import { quarantined } from '../../queries/quarantine.ts'
import type { App, AppParts } from '../app.ts'
import { problemResponse, QuarantinedBody } from '../schemas.ts'

export function quarantineRoutes(app: App, { database }: AppParts): void {
  app.get(
    '/api/quarantine',
    {
      schema: {
        tags: ['platform'],
        summary: 'Messages that were refused, newest first, with the reason',
        querystring: z.object({ limit: z.coerce.number().int().min(1).max(1_000).default(100) }),
        response: { 200: z.array(QuarantinedBody), default: problemResponse },
      },
    },
    async ({ query }) => quarantined(database, query.limit),
  )
}
