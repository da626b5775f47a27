import { z } from 'zod'
import type { View } from '../../live/views.ts'
import { quarantined } from '../../queries/quarantine.ts'
import type { App, AppParts } from '../app.ts'
import { problemResponse, QuarantinedBody } from '../schemas.ts'

/** Who sees a part only is shown what is theirs among so many of the newest. */
const searched = 5_000

export function quarantineRoutes(app: App, { database, views }: AppParts): void {
  app.get(
    '/api/quarantine',
    {
      config: { action: 'platform.read' },
      schema: {
        tags: ['platform'],
        summary: 'Messages that were refused, newest first, with the reason',
        querystring: z.object({ limit: z.coerce.number().int().min(1).max(1_000).default(100) }),
        response: { 200: z.array(QuarantinedBody), default: problemResponse },
      },
    },
    async ({ query, principal }) => {
      const view = views.of(principal)
      if (view.isUnlimited('platform.read')) return quarantined(database, query.limit)
      const found = await quarantined(database, searched)
      return found.filter(({ topic }) => isSeen(view, topic)).slice(0, query.limit)
    },
  )
}

/** By the gateway or site that the topic names; what names none is nobody's in particular. */
function isSeen(view: View, topic: string): boolean {
  const [root, second = '', third = ''] = topic.split('/')
  if (root === 'telemetry') return view.site(second, 'platform.read')
  return root === 'farwatch' && view.gateway(third, 'platform.read')
}
