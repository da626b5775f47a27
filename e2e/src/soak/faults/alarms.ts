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
  /** How often an alert was raised, or raised again, by this value. Right is once. */
  readonly raised: number
  /** Whether the rule, which takes readings in order of arrival and none that is late, had to raise one. */
  readonly due: boolean
  /** From measurement to the webhook; undefined where it was not raised. */
  readonly latencyMs: number | undefined
}

/**
 * Alerts that were raised, or raised again, as the database tells them: `POINT VALUE`, each as often as it stands there. A
 * crossing is known by its value, which is its number; its set time is the receipt's where the centre's clock was behind.
 */
export async function raisedAlerts(database: Database): Promise<RaisedAlerts> {
  const raised = await database.query<{ subject: string; value: number }>(
    `select a.subject, t.value from alert_transition t join alert a on a.id = t.alert
     where t.kind in ('raised', 'raised-again')`,
  )
  return { raised: raised.map(keyOf), due: await dueAlerts(database) }
}

export interface RaisedAlerts {
  readonly raised: readonly string[]
  /** What the rule had to raise, in the same form. */
  readonly due: ReadonlySet<string>
}

/**
 * The rule once more, over the readings as they came: after an outage newer ones come first, and what is older than the
 * newest judged neither raises nor returns (docs/write-a-rule.md). No reading counts as measured after its receipt.
 */
async function dueAlerts(database: Database): Promise<Set<string>> {
  const readings = await database.query<{ subject: string; value: number; time: Date }>(
    `select key as subject, r.value, least(r.time, b.received_at) as time
     from reading r join point p on p.id = r.point_id left join batch b on b.position = r.batch
     where p.metric = $1 order by key, r.batch, r.time`,
    [alarmMetric],
  )
  const due = new Set<string>()
  for (const ofPoint of Map.groupBy(readings, ({ subject }) => subject).values()) {
    let newestMs = Number.NEGATIVE_INFINITY
    let above = false
    for (const reading of ofPoint) {
      const timeMs = reading.time.getTime()
      if (timeMs < newestMs) continue
      newestMs = timeMs
      if (reading.value > 0 && !above) due.add(keyOf(reading))
      above = reading.value > 0
    }
  }
  return due
}

const keyOf = ({ subject, value }: { subject: string; value: number }) => `${subject} ${value}`

/** One alert where it was due, none elsewhere. */
export function isRight({ raised, due }: Crossing): boolean {
  return raised === (due ? 1 : 0)
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
  { raised, due }: RaisedAlerts,
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
          return [{ point, n, timeMs, raised: counts.get(key) ?? 0, due: due.has(key), latencyMs }]
        })
      }),
  )
}

export const isRaising = ({ type }: Received) => type === 'alert.raised' || type === 'alert.raised_again'

/** Alerts raised where no limit was crossed. */
export function falseAlarms(crossings: readonly Crossing[], { raised }: RaisedAlerts): string[] {
  const known = new Set(crossings.map(({ point, n }) => `${point} ${n}`))
  return raised.filter((key) => !known.has(key))
}

/** Of sorted numbers: the one below which this share of them lies. */
export function quantile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
}
