import swagger from '@fastify/swagger'
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import type { App } from './app.ts'
import { sessionCookie } from './callers.ts'
import { schemaNames } from './schemas.ts'

const describe = createJsonSchemaTransform({ schemaRegistry: schemaNames })

/** Makes `app.swagger()` the OpenAPI 3.1 document of every route that is added after it. */
export async function describeApi(app: App, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Farwatch console',
        version,
        description:
          'What is monitored, its history, its alerts. Live changes come over socket.io. Errors are ' +
          'application/problem+json. Programs bear an API token or FARWATCH_ADMIN_TOKEN, browsers a session; until somebody ' +
          'has logged in for the first time, this machine itself needs neither. x-action is what a caller must be allowed to do.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer' },
          session: { type: 'apiKey', in: 'cookie', name: sessionCookie },
        },
      },
      security: [{ token: [] }, { session: [] }],
      tags: [
        { name: 'monitored', description: 'Sites, devices, points, gateways, cameras as of now' },
        { name: 'history', description: 'Readings of the past' },
        { name: 'alerts', description: 'Alerts and what operators do about them' },
        { name: 'registry', description: 'What is supervised, by whom, within which limits' },
        { name: 'acts', description: 'The log of acts: who did what' },
        { name: 'access', description: "Sessions, one's own account, accounts of others" },
        { name: 'platform', description: 'The platform about itself' },
      ],
    },
    transform: (route) => {
      const { schema, url } = describe(route)
      const { action } = route.route.config ?? {}
      const open = action === 'public' ? { security: [] } : {}
      return { schema: { ...schema, ...open, 'x-action': action }, url }
    },
    transformObject: createJsonSchemaTransformObject({ schemaRegistry: schemaNames }),
  })
}
