import type { ActLog, Registry as MonitoredRegistry, RegistryDesk } from '@farwatch/model'
import {
  type Clock,
  type Logger,
  type Registry as Metrics,
  type Service,
  startService,
} from '@farwatch/runtime'
import { nextDayMs } from './days.ts'
import { Desk } from './desk.ts'
import { registryMetrics } from './metrics.ts'
import { plant, type SupervisionFile } from './seed.ts'

export interface RegistryDeps {
  readonly acts: ActLog
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  /** What configuration files say; only what the registry has never known is taken from them. */
  readonly files?: { readonly registry: MonitoredRegistry; readonly supervision: SupervisionFile }
}

/** A timer is set for at most this long; longer ones would not fit. */
const longestMs = 86_400_000

export interface RegistryService extends RegistryDesk, Service {
  /** What is wrong with the log that the registry was read from; undefined when all is well. */
  readonly problem: string | undefined
}

/** Opens the registry: reads the log of acts from its beginning, then takes in what the files add. @throws what the log throws. */
export function openRegistry(deps: RegistryDeps): Promise<RegistryService> {
  const { clock, log } = deps
  return startService(log, async (life) => {
    const desk: Desk = new Desk({
      ...deps,
      metrics: registryMetrics(deps.metrics, (kind) => desk.list(kind).length),
    })
    await desk.open()
    if (deps.files !== undefined) await plant(desk, deps.files, log)
    let cancel = () => {}
    const waitForMidnight = () => {
      const ms = Math.min(nextDayMs(clock.now()) - clock.now(), longestMs)
      cancel = clock.after(ms, () => {
        desk.dayTurned()
        waitForMidnight()
      })
    }
    waitForMidnight()
    life.onStop('the turn of the day', () => cancel())
    return desk
  })
}
