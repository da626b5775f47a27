import { join } from 'node:path'
import { type ChainHead, centreName } from '@farwatch/evidence'
import { encodeRecord, type GatewayStatus, messageOf, type Registry } from '@farwatch/model'
import {
  type Clock,
  Gauge,
  type Journal,
  type Logger,
  type Registry as Metrics,
  type Service,
  startService,
} from '@farwatch/runtime'
import { Sealer } from '../seal/sealer.ts'
import { Admission } from './admission.ts'
import { type ListenerConfig, startBroker } from './broker.ts'
import { Chains } from './chains.ts'
import type { Credentials } from './credentials.ts'
import { Deliveries } from './deliveries.ts'
import { deliveryMetrics } from './delivery-metrics.ts'
import { GapReminder } from './gap-reminder.ts'
import { Gate } from './gate.ts'
import { Quarantine } from './quarantine.ts'
import { Repeats } from './repeats.ts'

export interface IntakeDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  readonly journal: Journal
  readonly registry: Registry
  readonly credentials: Credentials
  /** Folder for intake's own state. */
  readonly home: string
}

/** The chains are saved this often, or when so many batches would have to be read again. */
const save = { everyMs: 30_000, batches: 20_000, lookEveryMs: 1_000 } as const
const refreshEveryMs = 1_000
const sealEveryMs = 1_000

export interface Intake {
  readonly port: number
  /** Why nothing can be taken in at the moment, if so: a full disk, a journal at its bound. */
  readonly problem: string | undefined
  /** From now on this is what is registered, and whose. */
  monitor(registry: Registry): void
  /** Where the chains of all gateways, the key directory and the seals stand, for an anchor. */
  heads(): ChainHead[]
}

/** Listens for gateways and devices; what it acknowledges is in the journal. */
export function startIntake(config: ListenerConfig, deps: IntakeDeps): Promise<Service & Intake> {
  const { clock, log, metrics, journal } = deps
  return startService(log, async (life) => {
    // A journal at its bound must not keep the platform from starting: only running does it empty again.
    await noteNobodyConnected(deps).catch((error) =>
      log.warn({ problem: messageOf(error) }, 'gateways that are gone may look connected'),
    )
    const chains = await Chains.open(chainsFile(deps.home), journal)
    life.onStop('save the chains', () => chains.save())
    const deliveries = await Deliveries.open({ journal, clock, log, chains, home: deps.home })
    deliveryMetrics(metrics, () => deliveries.all())
    life.onStop('tell how batches came in', () => deliveries.tell(true))
    const stopTelling = clock.every(deliveries.everyMs, () => void deliveries.tell())
    life.onStop('stop telling', stopTelling)
    const sealer = await openSealer(deps)
    life.onStop('seal what came last', () => sealer.seal().then(() => sealer.save()))
    const quarantine = new Quarantine({ journal, clock, log, metrics })
    const admission = new Admission(deps.registry)
    const gate = new Gate({
      journal,
      clock,
      credentials: deps.credentials,
      chains,
      admission,
      quarantine,
      repeats: await Repeats.open(journal, metrics, clock.now()),
      deliveries,
      sealer,
    })
    const broker = await startBroker(config, {
      ...{ gate, credentials: deps.credentials, quarantine, deliveries, log },
    })
    life.onStop('close the MQTT listener', () => broker.stop())
    let savedMs = clock.monotonicMs()
    const stopSaving = clock.every(save.lookEveryMs, () => {
      const isDue = clock.monotonicMs() - savedMs >= save.everyMs || chains.unsaved >= save.batches
      // A journal at its bound must not be kept there by what this reader is long done with.
      if (!isDue && gate.problem === undefined) return
      savedMs = clock.monotonicMs()
      chains.save().catch((error) => log.warn({ problem: messageOf(error) }, 'the chains were not saved'))
      sealer.save().catch((error) => log.warn({ problem: messageOf(error) }, 'the seals were not saved'))
    })
    life.onStop('stop saving', stopSaving)
    const reminder = new GapReminder(chains)
    const remind = () => {
      for (const asked of reminder.due(clock.monotonicMs())) {
        if (broker.isConnected(asked.gateway)) broker.sendReceipt(asked)
      }
    }
    life.onStop('stop asking for gaps', clock.every(reminder.everyMs, remind))
    // A key that another process has revoked counts for nothing from the next second on.
    const stopRefreshing = clock.every(refreshEveryMs, () => {
      deps.credentials
        .refresh()
        .catch((error) => log.error({ problem: messageOf(error) }, 'changed credentials were not taken'))
    })
    life.onStop('stop refreshing', stopRefreshing)
    const stopSealing = clock.every(sealEveryMs, () => void sealer.seal())
    life.onStop('stop sealing', stopSealing)
    new Gauge({
      name: 'farwatch_mqtt_connections',
      help: 'Open MQTT connections at the centre',
      registers: [metrics],
      collect() {
        this.set(broker.connections)
      },
    })
    return {
      port: broker.port,
      get problem() {
        return gate.problem
      },
      monitor: (registry) => admission.monitor(registry),
      heads: () => headsOf(chains, deps.credentials, sealer),
    }
  })
}

/** Whoever was connected when the last process ended is not now: without this, a gateway that died meanwhile would look alive. */
async function noteNobodyConnected({ credentials, journal, clock }: IntakeDeps): Promise<void> {
  const status: GatewayStatus = { v: 1, online: false, links: [] }
  const bytes = new TextEncoder().encode(JSON.stringify(status))
  await Promise.all(
    credentials.gateways.map((gateway) =>
      journal.append(encodeRecord({ kind: 'gateway-status', receivedMs: clock.now(), gateway, bytes })),
    ),
  )
}

type AtRest = Pick<IntakeDeps, 'home' | 'journal' | 'credentials' | 'clock' | 'log'>

/** Where the chains stand in a data folder on which no centre runs. */
export async function headsAtRest(deps: AtRest): Promise<ChainHead[]> {
  const chains = await Chains.open(chainsFile(deps.home), deps.journal)
  return headsOf(chains, deps.credentials, await openSealer(deps))
}

function headsOf(chains: Chains, { keys }: Credentials, sealer: Sealer): ChainHead[] {
  const own = [
    { kind: 'keys' as const, ...keys.end },
    { kind: 'seals' as const, ...sealer.end },
  ]
  const begun = own.filter(({ seq }) => seq > 0)
  return [...chains.heads(), ...begun.map((head) => ({ owner: centreName, from: 1, ...head }))]
}

function openSealer({ home, journal, credentials, clock, log }: AtRest): Promise<Sealer> {
  return Sealer.open({ journal, clock, log, key: credentials.centre, path: join(home, 'seals.json') })
}

const chainsFile = (home: string) => join(home, 'chains.json')
