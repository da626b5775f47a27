import { join } from 'node:path'
import {
  type Clock,
  type Logger,
  lockFile,
  openJournal,
  type Registry,
  type Service,
  startService,
} from '@farwatch/runtime'
import type { GatewayConfig } from './config.ts'
import { type Links, runLinks } from './links.ts'
import { createBatcher } from './uplink/batcher.ts'
import { loadIdentity } from './uplink/identity.ts'
import { startUplink } from './uplink/uplink.ts'

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
    const journal = await openJournal({ folder: join(home, 'journal'), log, clock })
    life.onStop('journal', () => journal.close())
    const cursor = await journal.cursor('uplink')
    const { key, rotations } = await loadIdentity(home)
    const batcher = await createBatcher({ gateway: config.gateway, key, journal, clock, log })
    let links: Links | undefined
    const uplink = await startUplink({
      ...{ gateway: config.gateway, url: config.centre.url, password, journal, clock, log },
      beginChain: (place) => batcher.beginChain(place),
      status: () => ({ publicKey: key.publicKey, rotations: [...rotations], links: links?.links() ?? [] }),
    })
    life.onStop('uplink', () => uplink.stop())
    life.onStop('batcher', () => batcher.stop())
    const running = await runLinks(config, {
      clock,
      log,
      metrics,
      home,
      sink: (samples) => batcher.add(samples),
    })
    links = running
    life.onStop('links', () => running.stop(), 3_500)
    life.onStop(
      'subscription',
      running.subscribe(() => uplink.nudge()),
    )
    return {
      links: () => running.links(),
      finished: running.finished,
      publicKey: key.publicKey,
      spool: () => journal.next - cursor.position,
    }
  })
}
