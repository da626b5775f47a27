import swagger from '@fastify/swagger'
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import type { App } from './app.ts'
import { schemaNames } from './schemas.ts'

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
          'application/problem+json. On loopback no credential is needed; elsewhere the administrator token is.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      components: { securitySchemes: { admin: { type: 'http', scheme: 'bearer' } } },
      security: [{}, { admin: [] }],
      tags: [
        { name: 'monitored', description: 'Sites, devices, points, gateways, cameras as of now' },
        { name: 'history', description: 'Readings of the past' },
        { name: 'alerts', description: 'Alerts and what operators do about them' },
        { name: 'acts', description: 'The log of acts: who did what' },
        { name: 'platform', description: 'The platform about itself' },
      ],
    },
    transform: createJsonSchemaTransform({ schemaRegistry: schemaNames }),
    transformObject: createJsonSchemaTransformObject({ schemaRegistry: schemaNames }),
  })
}
