import { join } from 'node:path'
import {
  type Clock,
  Counter,
  Gauge,
  type Logger,
  type Registry,
  type Service,
  shared,
  startService,
} from '@farwatch/runtime'
import { type GatewayConfig, keyOf, type LinkConfig, pointsOfLink } from './config.ts'
import { Deadband, type DeadbandSetting } from './deadband.ts'
import type { Protocol } from './driver.ts'
import { protocols } from './drivers/index.ts'
import { Repeats } from './repeats.ts'
import { type LinkState, LinkSupervisor, type RetryBounds, type Sink, SinkError } from './supervisor.ts'

export interface LinkOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Registry
  /** The gateway's folder; drivers keep keys and certificates below it and nowhere else. */
  readonly home: string
  readonly sink: Sink
  /** What the devices sent lately; default: nothing is known. */
  readonly repeats?: Repeats
  readonly retry?: RetryBounds
  readonly random?: () => number
}

export interface Links {
  /** How every link stands now, in the order of the configuration. */
  links(): LinkState[]
  /** Calls back on each change of state or problem; the returned function ends it. */
  subscribe(listener: (links: LinkState[]) => void): () => void
  /**
   * Resolves after `stop`; rejects with SinkError when the sink refused samples, after every link was ended. Whoever
   * leaves it unobserved lets that rejection end the process.
   */
  readonly finished: Promise<void>
}

/** Runs all links of a gateway, each under its own supervisor; samples go to the sink in the order of their link. */
export function runLinks(config: GatewayConfig, options: LinkOptions): Promise<Service & Links> {
  return startService(options.log, async (life) => {
    const { log } = options
    const ending = new AbortController()
    const listeners = new Set<(links: LinkState[]) => void>()
    const meters = metersIn(options.metrics, config.gateway)
    const repeats = options.repeats ?? new Repeats()
    const supervisors: LinkSupervisor[] = []
    const states = () => supervisors.map((supervisor) => supervisor.state)
    for (const link of config.links) {
      const points = pointsOfLink(config.site, link)
      meters.up(link, false)
      const driver = protocolOf(link.protocol).create(link.connection, points, {
        clock: options.clock,
        log: log.child({ link: link.name }),
        gateway: config.gateway,
        link: link.name,
        folder: join(options.home, link.protocol),
        refused: (reason, count = 1) => meters.refused(link, reason, count),
        tolerated: (reason) => meters.tolerated(link, reason),
        report: (problem) => supervisor.report(problem),
      })
      const supervisor: LinkSupervisor = new LinkSupervisor(
        { name: link.name, protocol: link.protocol, driver },
        {
          ...options,
          sink: filteredSink(config.site, link, { sink: options.sink, repeats, meters }),
          onState: (state) => {
            meters.up(link, state.state === 'up')
            for (const listener of listeners) listener(states())
          },
        },
      )
      supervisors.push(supervisor)
    }
    const running = supervisors.map((supervisor) => supervisor.keep(ending.signal))
    // One refused batch ends every link, and only then does `finished` reject: nothing is read that cannot be stored.
    const settled = Promise.all(running)
      .catch((error: unknown) => {
        ending.abort()
        return Promise.allSettled(running).then(() => Promise.reject(error))
      })
      .then(() => undefined)
    life.onStop(
      'links',
      () => {
        ending.abort()
        return Promise.allSettled(running)
      },
      3_000,
    )
    const finished = config.links.length > 0 ? settled : aborted(ending.signal)
    return {
      links: states,
      subscribe: (listener: (links: LinkState[]) => void) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      finished,
    }
  })
}

function protocolOf(name: string): Protocol<unknown, unknown> {
  return protocols.find((protocol) => protocol.name === name)!
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

/** The way of a link's samples to the store: repeats and small changes stay behind, the rest is counted. */
function filteredSink(
  site: string,
  link: LinkConfig,
  { sink, repeats, meters }: { sink: Sink; repeats: Repeats; meters: Meters },
): Sink {
  const settings = new Map<string, DeadbandSetting>()
  for (const { point, deadband, intervalMs } of link.points)
    if (deadband !== undefined) settings.set(keyOf(site, point), { deadband, intervalMs })
  const deadband = new Deadband(settings)
  return async (samples) => {
    const admitted = samples.filter((sample) => repeats.admit(sample))
    meters.repeats(link, samples.length - admitted.length)
    const fresh = admitted.filter((sample) => deadband.passes(sample))
    if (fresh.length === 0) return
    try {
      await sink(fresh)
    } catch (cause) {
      throw new SinkError(cause)
    }
    meters.samples(link, fresh.length)
  }
}

type Meters = ReturnType<typeof metersIn>

/** The process's link metrics, seen by one gateway of it. */
function metersIn(registry: Registry, gateway: string) {
  const counter = (name: string, help: string, ...more: string[]) =>
    shared(
      registry,
      name,
      () => new Counter({ name, help, labelNames: ['gateway', 'link', ...more], registers: [registry] }),
    )
  const upName = 'farwatch_gateway_link_up'
  const up = shared(
    registry,
    upName,
    () =>
      new Gauge({
        name: upName,
        help: '1 while the link stands',
        labelNames: ['gateway', 'link', 'protocol'],
        registers: [registry],
      }),
  )
  const samples = counter('farwatch_gateway_samples_total', 'Samples durably stored')
  const repeats = counter('farwatch_gateway_repeats_total', 'Samples a device sent again, left out')
  const refused = counter('farwatch_gateway_refused_total', 'Input that was not taken, by reason', 'reason')
  const tolerated = counter(
    'farwatch_gateway_tolerated_total',
    'Input that was taken although the protocol has it otherwise, by reason',
    'reason',
  )
  return {
    up: (link: LinkConfig, isUp: boolean) =>
      up.set({ gateway, link: link.name, protocol: link.protocol }, isUp ? 1 : 0),
    samples: (link: LinkConfig, count: number) => samples.inc({ gateway, link: link.name }, count),
    repeats: (link: LinkConfig, count: number) => repeats.inc({ gateway, link: link.name }, count),
    refused: (link: LinkConfig, reason: string, count: number) =>
      refused.inc({ gateway, link: link.name, reason }, count),
    tolerated: (link: LinkConfig, reason: string) => tolerated.inc({ gateway, link: link.name, reason }),
  }
}
