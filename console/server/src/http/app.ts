import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import {
  type AccessDesk,
  type ActAudit,
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
import type { Certificate } from '../tls.ts'
import { enforceActs } from './acts.ts'
import type { Callers } from './callers.ts'
import type { Guard } from './guard.ts'
import { defaultHeaders } from './headers.ts'
import { describeApi } from './openapi.ts'
import { servePages } from './pages.ts'
import { bodyLimit, Problem, problemOf, sendProblem } from './problem.ts'
import { type RateBounds, RateLimit } from './rate-limit.ts'
import { enforceRights } from './rights.ts'
import { accountRoutes } from './routes/account.ts'
import { accountsRoutes } from './routes/accounts.ts'
import { actRoutes } from './routes/acts.ts'
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
  readonly audit: ActAudit
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
  /** Of each address. */
  readonly requests: RateBounds
  /** Without one, plain HTTP is spoken. */
  readonly certificate: Certificate | undefined
}

const bounds = { headersTimeout: 10_000, maxHeaderSize: 16 * 1024 }

/** Fastify leaves the timeouts of such a server to whoever makes it. */
function serveTls(certificate: Certificate) {
  return (handler: RequestListener): RawServerDefault => {
    const server = certificate.serve(handler, bounds)
    server.keepAliveTimeout = keepAliveMs
    server.requestTimeout = requestMs
    return server as unknown as RawServerDefault
  }
}

const keepAliveMs = 30_000
const requestMs = 15_000

/** The HTTP side of the console, not listening yet. */
export async function createApp(parts: AppParts): Promise<App> {
  const app: App = Fastify({
    bodyLimit,
    forceCloseConnections: 'idle',
    frameworkErrors: (error, request, reply) => answer(error, request, reply),
    clientErrorHandler: (_, socket) => {
      if (socket.writable) socket.end(malformed)
    },
    http: bounds,
    ...(parts.certificate === undefined ? {} : { serverFactory: serveTls(parts.certificate) }),
    keepAliveTimeout: keepAliveMs,
    requestTimeout: requestMs,
    // A name of 64 characters outside ASCII is 768 long when percent-encoded.
    routerOptions: { maxParamLength: 1_000 },
  }).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.removeContentTypeParser('text/plain')

  const { guard, log, metrics } = parts
  const limit = new RateLimit(parts.requests, parts.clock)
  const headers = defaultHeaders(parts.mapboxToken, parts.certificate !== undefined)

  function answer(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const problem = problemOf(error, request)
    metrics.refused.inc({ code: problem.code })
    if (problem.status === 500) log.warn({ path: request.url, problem: messageOf(error) }, 'a request failed')
    return sendProblem(reply.headers(headers), problem)
  }

  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headers)
    const waitMs = limit.take(guard.addressOf(request.raw))
    if (waitMs > 0) throw tooMany(reply, waitMs, parts.requests)
    const problem = guard.judge(request.raw)
    if (problem !== undefined) throw problem
  })
  enforceRights(app, parts.callers)
  enforceActs(app)
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
  actRoutes(app, parts)
  alertRoutes(app, parts)
  cameraRoutes(app, parts)
  quarantineRoutes(app, parts)
  registryRoutes(app, parts)
  registrySheetRoutes(app, parts)
  await servePages(app, parts.webRoot)
  await app.ready()
  return app
}

function tooMany(reply: FastifyReply, waitMs: number, { burst, perSecond }: RateBounds): Problem {
  reply.header('retry-after', String(Math.ceil(waitMs / 1_000)))
  return new Problem({
    status: 429,
    code: 'too-many-requests',
    title: `Found more than ${burst} requests at once, expected at most ${perSecond} a second from one address`,
  })
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
