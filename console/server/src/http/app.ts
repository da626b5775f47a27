import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type AccessDesk,
  type ActLog,
  type AlertDesk,
  type Health,
  messageOf,
  type RegistryDesk,
} from '@farwatch/model'
import type { Clock, Database, Logger, Registry } from '@farwatch/runtime'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RawServerDefault,
} from 'fastify'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import type { LiveState } from '../live/live-state.ts'
import type { Views } from '../live/views.ts'
import type { ConsoleMetrics } from '../metrics.ts'
import type { Callers } from './callers.ts'
import type { Guard } from './guard.ts'
import { defaultHeaders } from './headers.ts'
import { describeApi } from './openapi.ts'
import { servePages } from './pages.ts'
import { bodyLimit, problemOf, sendProblem } from './problem.ts'
import { enforceRights } from './rights.ts'
import { accountRoutes } from './routes/account.ts'
import { accountsRoutes } from './routes/accounts.ts'
import { alertRoutes } from './routes/alerts.ts'
import { cameraRoutes } from './routes/cameras.ts'
import { historyRoutes } from './routes/history.ts'
import { monitoredRoutes } from './routes/monitored.ts'
import { platformRoutes } from './routes/platform.ts'
import { quarantineRoutes } from './routes/quarantine.ts'
import { registryRoutes } from './routes/registry.ts'
import { registrySheetRoutes } from './routes/registry-sheets.ts'
import { sessionRoutes } from './routes/session.ts'

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>

/** What the routes answer from. */
export interface AppParts {
  readonly state: LiveState
  readonly acts: ActLog
  readonly desk: AlertDesk
  readonly registryDesk: RegistryDesk
  readonly database: Database
  readonly clock: Clock
  readonly log: Logger
  readonly registry: Registry
  readonly metrics: ConsoleMetrics
  readonly guard: Guard
  readonly access: AccessDesk
  readonly callers: Callers
  /** What each caller sees. */
  readonly views: Views
  readonly components: () => Health['components']
  readonly version: string
  readonly mapboxToken: string | null
  /** Folder of the built pages. */
  readonly webRoot: string
}

/** The HTTP side of the console, not listening yet. */
export async function createApp(parts: AppParts): Promise<App> {
  const app: App = Fastify({
    bodyLimit,
    forceCloseConnections: 'idle',
    frameworkErrors: (error, request, reply) => answer(error, request, reply),
    clientErrorHandler: (_, socket) => {
      if (socket.writable) socket.end(malformed)
    },
    http: { headersTimeout: 10_000, maxHeaderSize: 16 * 1024 },
    keepAliveTimeout: 30_000,
    requestTimeout: 15_000,
    // A name of 64 characters outside ASCII is 768 long when percent-encoded.
    routerOptions: { maxParamLength: 1_000 },
  }).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.removeContentTypeParser('text/plain')

  const { guard, log, metrics } = parts
  const headers = defaultHeaders(parts.mapboxToken)

  function answer(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const problem = problemOf(error, request)
    metrics.refused.inc({ code: problem.code })
    if (problem.status === 500) log.warn({ path: request.url, problem: messageOf(error) }, 'a request failed')
    return sendProblem(reply.headers(headers), problem)
  }

  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headers)
    const problem = guard.judge(request.raw)
    if (problem !== undefined) throw problem
  })
  enforceRights(app, parts.callers)
  app.addHook('onResponse', async ({ method }, { statusCode }) => {
    metrics.requests.inc({ method, status: String(statusCode) })
  })
  app.setErrorHandler(answer)

  await describeApi(app, parts.version)
  sessionRoutes(app, parts)
  accountRoutes(app, parts)
  accountsRoutes(app, parts)
  platformRoutes(app, parts)
  monitoredRoutes(app, parts)
  historyRoutes(app, parts)
  alertRoutes(app, parts)
  cameraRoutes(app, parts)
  quarantineRoutes(app, parts)
  registryRoutes(app, parts)
  registrySheetRoutes(app, parts)
  await servePages(app, parts.webRoot)
  await app.ready()
  return app
}

const malformedBody = JSON.stringify({
  type: 'urn:farwatch:problem:malformed-http',
  title: 'Found bytes that are not an HTTP/1.1 request, or one that took too long',
  status: 400,
})
const malformed = [
  'HTTP/1.1 400 Bad Request',
  'content-type: application/problem+json',
  `content-length: ${Buffer.byteLength(malformedBody)}`,
  'connection: close',
  '',
  malformedBody,
].join('\r\n')
