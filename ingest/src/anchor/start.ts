import { join } from 'node:path'
import type { ChainHead, SigningKey } from '@farwatch/evidence'
import type { Health } from '@farwatch/model'
import {
  type Clock,
  type Logger,
  type Registry as Metrics,
  type Service,
  startService,
} from '@farwatch/runtime'
import type { AnchorConfig } from './config.ts'
import { Courier } from './courier.ts'
import type { Destination, DestinationKind } from './destination.ts'
import { folderDestination } from './folder.ts'
import { Maker } from './maker.ts'
import { countFailures, observeAnchors } from './metrics.ts'
import { AnchorStore, type StoredAnchor } from './store.ts'
import { timestampDestination } from './timestamp-authority.ts'
import { webhookDestination } from './webhook.ts'

export interface AnchorDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  /** The centre's data folder. */
  readonly home: string
  readonly key: SigningKey
  /** Where all chains stand now; of each, only what is on disk. */
  readonly heads: () => readonly ChainHead[]
}

export interface Anchors {
  /** The newest anchor. */
  readonly last: StoredAnchor | undefined
  /** Why none could be made the last time. */
  readonly problem: string | undefined
  /** How far each destination has got, and why its last try failed. */
  readonly destinations: readonly {
    readonly kind: DestinationKind
    readonly reached: number
    readonly problem: string | undefined
  }[]
  /** Component `anchors`, where something has not arrived, or could not be made, for two days; nothing otherwise. */
  health(): Health['components']
}

const lookEveryMs = 2_000
const worrisomeMs = 2 * 86_400_000

export const anchorFolder = (home: string) => join(home, 'anchors')

/**
 * Anchors all chains once a local day, at its first moment, or at start where that was missed; and brings the anchors
 * outside.
 */
export function startAnchors(config: AnchorConfig, deps: AnchorDeps): Promise<Service & Anchors> {
  const { clock, log, metrics, home, key, heads } = deps
  return startService(log, async (life) => {
    const store = await AnchorStore.open(anchorFolder(home))
    const failures = countFailures(metrics)
    const couriers: Courier[] = []
    const wake = (which: (kind: DestinationKind) => boolean) => {
      for (const courier of couriers) if (which(courier.kind)) courier.wake()
    }
    for (const destination of destinationsOf(config, store, clock)) {
      const courier = new Courier(destination, {
        ...{ clock, log, random: Math.random },
        newest: () => store.anchors.length,
        onFailure: (kind) => failures.inc({ destination: kind }),
        // A timestamp that has come is to be copied as well.
        onDelivered: (from) => wake((kind) => kind === 'file' && from === 'rfc3161'),
      })
      couriers.push(courier)
    }
    const maker = new Maker(store, { clock, log, key, heads, onMade: () => wake(() => true) })
    observeAnchors(metrics, store, couriers)
    await maker.look()

    const stop = new AbortController()
    const running = couriers.map((courier) => courier.run(stop.signal))
    life.onStop('anchor destinations', () => {
      stop.abort(new Error('stopped'))
      return Promise.all(running)
    })
    const stopLooking = clock.every(lookEveryMs, () => void maker.look())
    life.onStop('anchors', () => {
      stopLooking()
      return maker.settled()
    })
    return {
      get problem() {
        return maker.failing?.problem
      },
      get last() {
        return store.anchors.at(-1)
      },
      get destinations() {
        return couriers.map(({ kind, reached, problem }) => ({ kind, reached, problem }))
      },
      health: () => healthOf(maker, couriers, clock.now()),
    }
  })
}

function destinationsOf(config: AnchorConfig, store: AnchorStore, clock: Clock): Destination[] {
  const { folder, webhook, timestamp } = config
  return [
    ...(timestamp === undefined ? [] : [timestampDestination(timestamp, store, clock)]),
    ...(folder === undefined ? [] : [folderDestination(folder, store)]),
    ...(webhook === undefined ? [] : [webhookDestination(webhook, store, clock)]),
  ]
}

function healthOf(maker: Maker, couriers: readonly Courier[], nowMs: number): Health['components'] {
  const told: string[] = []
  for (const { kind, waiting, problem } of couriers) {
    const [oldest] = waiting
    if (oldest === undefined || nowMs - oldest.madeMs <= worrisomeMs) continue
    told.push(`${kind}: ${waiting.length} wait, the oldest is ${oldest.name}: ${problem ?? 'under way'}`)
  }
  const { failing } = maker
  if (failing !== undefined && nowMs - failing.sinceMs > worrisomeMs) {
    told.push(`none can be made: ${failing.problem}`)
  }
  return told.length === 0 ? {} : { anchors: { status: 'degraded', detail: told.join('; ') } }
}
