import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Validator } from '@seriousme/openapi-schema-validator'
import type { FastifyInstance } from 'fastify'
import { expect, test } from 'vitest'
import { startConsole } from '../testing.ts'

interface Operation {
  readonly summary?: string
  readonly responses: Readonly<Record<string, { content?: Readonly<Record<string, unknown>> }>>
}

interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

/** Starts a console and notes every route that it adds, but for those of the pages' files. */
async function startNotingRoutes() {
  const routes: string[] = []
  const note = (message: unknown) => {
    const { fastify } = message as { fastify: FastifyInstance }
    fastify.addHook('onRoute', ({ method, url, schema }) => {
      const path = url.replace(/:(\w+)/g, '{$1}')
      for (const one of [method].flat()) {
        if (one !== 'HEAD' && !(url === '/*' && schema?.hide === true))
          routes.push(`${one.toLowerCase()} ${path}`)
      }
    })
  }
  subscribe('fastify.initialization', note)
  const console = await startConsole()
  unsubscribe('fastify.initialization', note)
  return { console, routes }
}

test('the OpenAPI document is valid 3.1, lists every route, and says how each may fail', async () => {
  const { console, routes } = await startNotingRoutes()
  try {
    const response = await fetch(`${console.url}/api/openapi.json`)
    const document = (await response.json()) as Document
    expect(document.openapi).toBe('3.1.0')
    const validator = new Validator()
    expect(await validator.validate({ ...document })).toEqual({ valid: true })
    const listed = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
    )
    expect(listed.map(({ name }) => name).sort()).toEqual([...routes].sort())
    expect(routes).toContain('post /api/alerts/{id}/acknowledge')
    for (const { name, operation } of listed) {
      expect([name, operation.summary]).toEqual([name, expect.any(String)])
      expect([name, Object.keys(operation.responses.default?.content ?? {})]).toEqual([
        name,
        ['application/problem+json'],
      ])
    }
  } finally {
    await console.stop()
  }
})
