import { type Database, systemClock } from '@farwatch/runtime'
import type { Received, WebhookReceiver } from '../../webhook-receiver.ts'
import type { Ledger } from './ledger.ts'
import { alarmMetric, devicesOf, isCrossing, metricsOf, type PlantPlan } from './plant.ts'
import type { Stage } from './stage.ts'

/** One time that a limit was crossed, and the alert's steps that say so. */
export interface Crossing {
  readonly point: string
  readonly n: number
  /** When it was measured, which is when it was handed to the device's connection. */
  readonly timeMs: number
  /** How often an alert was raised, raised again, or found late by this value. Right is once. */
  readonly raised: number
  /** From measurement to the webhook; undefined where it was not raised. */
  readonly latencyMs: number | undefined
}

/**
 * Crossings that alerts tell of, as the database has them: `POINT VALUE`, each as often as it stands there. A crossing is
 * known by its value, which is its number; its set time is the receipt's where the centre's clock was behind.
 */
export async function raisedAlerts(database: Database): Promise<readonly string[]> {
  const raised = await database.query<{ subject: string; value: number }>(
    `select a.subject, t.value from alert_transition t join alert a on a.id = t.alert
     where t.kind in ('raised', 'raised-again', 'raised-late')`,
  )
  return raised.map(({ subject, value }) => `${subject} ${value}`)
}

/** One alert for each crossing, however late it came. */
export function isRight({ raised }: Crossing): boolean {
  return raised === 1
}

/** The tables follow the alerts' journal at a distance, above all after the database was away. */
const settledWithinMs = 90_000
const quietMs = 5_000

/** Waits until the alerts of all crossings are in the database's tables; only a server can be asked while the platform runs. */
export async function alertsSettled(
  stage: Stage,
  { database, signal }: { database: Database | undefined; signal?: AbortSignal },
): Promise<void> {
  if (database === undefined) {
    await systemClock.sleep(quietMs, signal)
    return
  }
  const untilMs = performance.now() + settledWithinMs
  while (performance.now() < untilMs) {
    const crossings = crossingsOf(stage, await raisedAlerts(database))
    if (crossings.every(isRight)) return
    await systemClock.sleep(500, signal)
  }
}

/** Every crossing of the acknowledged messages beside the alerts that were raised of it. */
export function crossingsOf(
  { plan, ledger, receiver }: { plan: PlantPlan; ledger: Ledger; receiver: WebhookReceiver },
  raised: readonly string[],
): Crossing[] {
  const counts = new Map<string, number>()
  for (const key of raised) counts.set(key, (counts.get(key) ?? 0) + 1)
  const arrivedMs = new Map<string, number>()
  for (const { data, arrivedMs: atMs } of receiver.received.filter(isRaising).reverse())
    arrivedMs.set(`${data.alert.subject} ${data.transition.value}`, atMs)
  return plan.ways.flatMap((way) =>
    devicesOf(plan, way)
      .filter((device) => metricsOf(plan, device).includes(alarmMetric))
      .flatMap((device) => {
        const point = `${way.site}/${device}/${alarmMetric}`
        return ledger.timesMs(device).flatMap((timeMs, i) => {
          const n = i + 1
          if (!isCrossing(plan, device, n) || !ledger.isAcknowledged(device, n)) return []
          const key = `${point} ${n}`
          const calledMs = arrivedMs.get(key)
          const latencyMs = calledMs === undefined ? undefined : calledMs - timeMs
          return [{ point, n, timeMs, raised: counts.get(key) ?? 0, latencyMs }]
        })
      }),
  )
}

export const isRaising = ({ type }: Received) =>
  type === 'alert.raised' || type === 'alert.raised_again' || type === 'alert.raised_late'

/** Alerts raised where no limit was crossed. */
export function falseAlarms(crossings: readonly Crossing[], raised: readonly string[]): string[] {
  const known = new Set(crossings.map(({ point, n }) => `${point} ${n}`))
  return raised.filter((key) => !known.has(key))
}

/** Of sorted numbers: the one below which this share of them lies. */
export function quantile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
}
