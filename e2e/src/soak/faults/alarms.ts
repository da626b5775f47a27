import type { WebhookReceiver } from '../../webhook-receiver.ts'
import type { Ledger } from './ledger.ts'
import { alarmMetric, devicesOf, isCrossing, metricsOf, type PlantPlan } from './plant.ts'

/** One time that a limit was crossed, and the alert's steps that say so. */
export interface Crossing {
  readonly point: string
  readonly n: number
  /** When it was measured, which is when it was handed to the device's connection. */
  readonly timeMs: number
  /** How often an alert was raised, or raised again, with this set time. Right is once. */
  readonly raised: number
  /** From measurement to the webhook; undefined where it was not raised. */
  readonly latencyMs: number | undefined
}

/** Every crossing of the acknowledged messages beside what came of it at the webhook. */
export function crossingsOf(plan: PlantPlan, ledger: Ledger, receiver: WebhookReceiver): Crossing[] {
  const raised = Map.groupBy(
    receiver.received.filter(({ type }) => type === 'alert.raised' || type === 'alert.raised_again'),
    ({ data }) => `${data.alert.subject} ${data.transition.atMs}`,
  )
  return plan.ways.flatMap((way) =>
    devicesOf(plan, way)
      .filter((device) => metricsOf(plan, device).includes(alarmMetric))
      .flatMap((device) => {
        const point = `${way.site}/${device}/${alarmMetric}`
        return ledger.timesMs(device).flatMap((timeMs, i) => {
          const n = i + 1
          if (!isCrossing(plan, device, n) || !ledger.isAcknowledged(device, n)) return []
          const calls = raised.get(`${point} ${timeMs}`) ?? []
          const [first] = calls
          const latencyMs = first === undefined ? undefined : first.arrivedMs - timeMs
          return [{ point, n, timeMs, raised: calls.length, latencyMs }]
        })
      }),
  )
}

/** Alerts raised at times at which no limit was crossed. */
export function falseAlarms(crossings: readonly Crossing[], receiver: WebhookReceiver): string[] {
  const known = new Set(crossings.map(({ point, timeMs }) => `${point} ${timeMs}`))
  return receiver.received
    .filter(({ type }) => type === 'alert.raised' || type === 'alert.raised_again')
    .map(({ data }) => `${data.alert.subject} ${data.transition.atMs}`)
    .filter((key) => !known.has(key))
}

/** Of sorted numbers: the one below which this share of them lies. */
export function quantile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
}
