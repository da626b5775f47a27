import { type Health, permitsSomewhere } from '@farwatch/model'
import { z } from 'zod'
import type { App, AppParts } from '../app.ts'
import { HealthBody, problemResponse } from '../schemas.ts'

const worstFirst = ['down', 'degraded', 'ok'] as const

/** As bad as the worst of its components. */
export function healthOf(components: Health['components']): Health {
  const found = new Set(Object.values(components).map(({ status }) => status))
  return { status: worstFirst.find((status) => found.has(status)) ?? 'ok', components }
}

function withoutDetails(components: Health['components']): Health['components'] {
  return Object.fromEntries(Object.entries(components).map(([name, { status }]) => [name, { status }]))
}

export function platformRoutes(app: App, { components, mapboxToken, version, registry }: AppParts): void {
  app.get(
    '/api/health',
    {
      config: { action: 'public' },
      schema: {
        tags: ['platform'],
        summary: 'Whether the platform works, and which part does not; 503 when down',
        description: 'What is wrong in detail is told to those who may read about the platform.',
        response: { 200: HealthBody, 503: HealthBody, default: problemResponse },
      },
    },
    async ({ principal }, reply) => {
      const detailed = permitsSomewhere(principal, 'platform.read')
      const health = healthOf(detailed ? components() : withoutDetails(components()))
      return reply.code(health.status === 'down' ? 503 : 200).send(health)
    },
  )
  app.get(
    '/api/config',
    {
      config: { action: 'monitoring.read' },
      schema: {
        tags: ['platform'],
        summary: 'What the page needs to know before it draws',
        response: {
          200: z.object({ mapboxToken: z.string().nullable(), version: z.string() }),
          default: problemResponse,
        },
      },
    },
    async () => ({ mapboxToken, version }),
  )
  app.get(
    '/api/openapi.json',
    {
      config: { action: 'public' },
      schema: {
        tags: ['platform'],
        summary: 'This document',
        response: { 200: z.record(z.string(), z.unknown()), default: problemResponse },
      },
    },
    async () => ({ ...app.swagger() }),
  )
  app.get(
    '/metrics',
    {
      config: { action: 'platform.read' },
      schema: {
        tags: ['platform'],
        summary: 'Figures for Prometheus',
        response: {
          200: {
            description: 'Text exposition format',
            content: { 'text/plain': { schema: z.string() } },
          },
          default: problemResponse,
        },
      },
    },
    async (_, reply) => reply.type(registry.contentType).send(await registry.metrics()),
  )
}
