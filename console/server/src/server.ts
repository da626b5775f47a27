import type { Server } from 'node:https'
import type { Socket } from 'node:net'
import {
  type AccessDesk,
  type ActAudit,
  type ActLog,
  type AlertDesk,
  FarwatchError,
  type Health,
  messageOf,
  type RegistryDesk,
} from '@farwatch/model'
import {
  type Clock,
  type Database,
  type Journal,
  type Logger,
  type Registry as MetricsRegistry,
  type Service,
  startService,
} from '@farwatch/runtime'
import { type App, createApp } from './http/app.ts'
import { Callers } from './http/callers.ts'
import { type Access, bracketed, Guard } from './http/guard.ts'
import { type RateBounds, requestBounds } from './http/rate-limit.ts'
import { problemWith } from './http/rights.ts'
import { defaultBounds, type LiveBounds } from './live/bounds.ts'
import { Feed } from './live/feed.ts'
import { Follower } from './live/follow.ts'
import { LiveState } from './live/live-state.ts'
import { Views } from './live/views.ts'
import { createConsoleMetrics } from './metrics.ts'
import { defaultSocketBounds, openSocket, type SocketBounds } from './socket.ts'
import { Certificate, type TlsFiles } from './tls.ts'

export interface ConsoleConfig extends Access {
  /** 0: any free port; `url` tells which. */
  readonly port: number
  /** Folder of the built pages; it may be missing. */
  readonly webRoot: string
  readonly mapboxToken: string | null
  readonly version: string
  /** Files of the certificate; without them plain HTTP is spoken. */
  readonly tls?: TlsFiles | undefined
  readonly bounds?: Partial<LiveBounds>
  readonly requestBounds?: Partial<RateBounds>
  readonly socketBounds?: Partial<SocketBounds>
}

export interface ConsoleDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: MetricsRegistry
  readonly database: Database
  /** The centre's. */
  readonly journal: Journal
  /** Where everything that somebody does is written down. */
  readonly acts: ActLog
  readonly audit: ActAudit
  readonly desk: AlertDesk
  readonly access: AccessDesk
  /** What is monitored, and everything else that is registered. */
  readonly registryDesk: RegistryDesk
  /** State of the other services, for `/api/health`. */
  readonly components: () => Health['components']
}

/**
 * Opens the console: live state, HTTP, socket.io. It answers once this resolves; the live picture may still be catching
 * up with the journal, which `/api/health` tells.
 * @throws FarwatchError `port-in-use`, `cannot-listen`, `unprotected` (listening beyond loopback without token or
 * trusted proxy), `bad-config`, `bad-certificate`.
 */
export function start(config: ConsoleConfig, deps: ConsoleDeps): Promise<Service & { url: string }> {
  const log = deps.log.child({ service: 'console' })
  return startService(log, async (life) => {
    const { clock, database, journal, acts, audit, desk, access, registryDesk } = deps
    const guard = new Guard(config)
    const certificate = config.tls === undefined ? undefined : new Certificate(config.tls, log)
    const callers = new Callers(guard, access)
    const metrics = createConsoleMetrics(deps.metrics)
    const bounds = { ...defaultBounds, ...config.bounds }
    const state = new LiveState({ registry: registryDesk.monitored(), bounds, metrics, startMs: clock.now() })
    life.onStop(
      'changes of the registry',
      registryDesk.subscribe(() => state.monitor(registryDesk.monitored(), clock.now())),
    )
    const views = new Views(registryDesk, state)
    const follower = new Follower({ state, journal, database, clock, log, metrics })
    const following = new AbortController()
    const followed = follower.run(following.signal)
    life.onStop('live state', () => {
      following.abort()
      return followed
    })

    const components = (): Health['components'] => ({
      ...deps.components(),
      console: follower.health(),
      ...(certificate?.problem === undefined
        ? {}
        : { certificate: { status: 'degraded', detail: certificate.problem } }),
    })
    const { version, mapboxToken, webRoot } = config
    const app = await createApp({
      ...{ state, acts, audit, desk, database, clock, log, metrics },
      ...{ guard, access, callers, views, components, version, mapboxToken, webRoot },
      ...{ registryDesk, registry: deps.metrics, certificate },
      requests: { ...requestBounds, ...config.requestBounds },
    })
    if (certificate !== undefined)
      life.onStop('certificate', certificate.follow(app.server as unknown as Server, clock))
    const connections = trackConnections(app)
    life.onStop('http', async () => {
      const cancel = clock.after(graceMs, () => {
        for (const socket of connections) socket.destroy()
      })
      await app.close().finally(cancel)
    })
    const closeSocket = openSocket({
      ...{ server: app.server, desk, clock, metrics },
      feed: new Feed({ state, desk, clock }),
      bounds: { ...defaultSocketBounds, ...config.socketBounds },
      admit: (request) => {
        const problem = guard.judgeSocket(request)
        const ask = callers.track(request)
        return () => {
          const caller = ask()
          if (problem !== undefined) return problem.message
          if (caller === undefined || caller === 'wrong-token') return 'expected a session or a token'
          return problemWith(caller, 'monitoring.read')?.message ?? views.of(caller.principal)
        }
      },
      subscribe: (listener) => {
        const ways = [access.subscribe(listener), views.follow(listener)]
        return () => {
          for (const out of ways) out()
        }
      },
    })
    life.onStop('socket', closeSocket)

    const port = await listen(app, config)
    const shown = config.host === '0.0.0.0' || config.host === '::' ? 'localhost' : bracketed(config.host)
    return { url: `${certificate === undefined ? 'http' : 'https'}://${shown}:${port}` }
  })
}

/** When stopping, requests under way get so long. */
const graceMs = 1_000
/** Connections at once, pages and requests together; the next one is closed. */
const maxConnections = 4_000

/** A page that has stalled does not take part in closing its WebSocket; after the grace it is cut. */
function trackConnections(app: App): ReadonlySet<Socket> {
  const open = new Set<Socket>()
  app.server.maxConnections = maxConnections
  app.server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  return open
}

async function listen(app: App, { host, port }: ConsoleConfig): Promise<number> {
  try {
    await app.listen({ host, port })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EADDRINUSE') {
      throw new FarwatchError(
        'port-in-use',
        `port ${port} on ${host} is in use: another program, perhaps another Farwatch, listens there; ` +
          'stop it, or choose another port with --http PORT',
        { cause },
      )
    }
    throw new FarwatchError('cannot-listen', `cannot listen on ${host}:${port}: ${messageOf(cause)}`, {
      cause,
    })
  }
  const address = app.server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}
