import { join } from 'node:path'
import {
  type Clock,
  type Logger,
  lockFile,
  type Registry,
  type Service,
  startService,
} from '@farwatch/runtime'
import type { GatewayConfig } from './config.ts'
import { type Links, runLinks } from './links.ts'
import { repeatsSince } from './repeats.ts'
import { loadIdentity } from './uplink/identity.ts'
import { meterSpool } from './uplink/meters.ts'
import { openSpool } from './uplink/spool.ts'
import { urgencyOf } from './urgency.ts'

export interface GatewayDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Registry
  /** The gateway's folder: journal, signing key, certificates. One process at a time. */
  readonly home: string
  /** What lets it in at the centre. */
  readonly password: string
}

export interface Gateway {
  readonly links: Links['links']
  /** Rejects when readings can no longer be stored: the gateway must not go on. */
  readonly finished: Promise<void>
  /** What its batches are verified with. */
  readonly publicKey: string
  /** Batches that wait for their receipt. */
  spool(): number
}

/**
 * A gateway: devices → journal → centre. Readings are on disk before a device is acknowledged, and stay there until the
 * centre has sent its receipt.
 */
export function startGateway(config: GatewayConfig, deps: GatewayDeps): Promise<Gateway & Service> {
  const { clock, metrics, home, password } = deps
  const log = deps.log.child({ service: 'gateway', gateway: config.gateway })
  return startService(log, async (life) => {
    const unlock = lockFile(join(home, 'gateway.lock'))
    life.onStop('lock', unlock)
    const identity = await loadIdentity(home)
    let links: Links | undefined
    const spool = await openSpool({
      ...{ gateway: config.gateway, identity, url: config.centre.url, password, home, clock, log },
      ...{ lingerMs: config.batch.lingerMs, isUrgent: urgencyOf(config) },
      bytesPerSecond: config.backfill.bytesPerSecond,
      bounds: { bytes: config.journal.maxBytes, ageMs: config.journal.maxAgeDays * 86_400_000 },
      links: () => links?.links() ?? [],
    })
    life.onStop('spool', () => spool.stop())
    life.onStop('meters', meterSpool(metrics, config.gateway, { spool, clock }))
    const running = await runLinks(config, {
      ...{ clock, log, metrics, home },
      repeats: await repeatsSince(spool.journal),
      sink: (samples) => spool.add(samples),
    })
    links = running
    life.onStop('links', () => running.stop(), 3_500)
    life.onStop(
      'subscription',
      running.subscribe(() => spool.nudge()),
    )
    return {
      links: () => running.links(),
      finished: running.finished,
      publicKey: identity.key.publicKey,
      spool: () => spool.waiting(),
    }
  })
}
