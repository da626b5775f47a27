import type { Database } from '@farwatch/runtime'
import { type Crossing, crossingsOf, falseAlarms, isRight, quantile, raisedAlerts } from './alarms.ts'
import { auditChains, auditQuarantine, auditReadings, type Finding } from './audit.ts'
import type { Look } from './gauges.ts'
import type { Stage } from './stage.ts'
import type { Timeline } from './timeline.ts'

/** Findings that are printed one by one. */
const shownFindings = 20
/** A fault may show in what was sent shortly after it. */
const aftermathMs = 10_000

/** What came of a soak, in numbers. */
export interface Outcome {
  readonly sent: number
  readonly storedOnce: number
  readonly crossings: number
  readonly alerts: number
  readonly batches: number
  /** Whether all of it is as it should be. */
  readonly clean: boolean
}

type Size = Look['processes'][string]

/** Prints what became of everything that was sent, and returns the numbers. */
export async function report(
  database: Database,
  { stage, timeline, looks }: { stage: Stage; timeline: Timeline; looks: readonly Look[] },
): Promise<Outcome> {
  const say = (text: string) => timeline.tell(text)
  const counts = await auditReadings(database, stage)
  say('source                                     readings sent  acknowledged   stored once  missing  double')
  for (const { way, sent, acknowledged, once, findings } of counts) {
    const of = (kind: Finding['kind']) => findings.filter((finding) => finding.kind === kind).length
    say(
      [
        way.description.padEnd(42),
        ...[sent, acknowledged, once].map((count) => `${count}`.padStart(13)),
        ...[of('missing'), of('double')].map((count) => `${count}`.padStart(8)),
      ].join(' '),
    )
  }
  const findings = counts.flatMap((count) => count.findings)
  for (const finding of findings.slice(0, shownFindings)) say(diagnosis(finding, timeline))
  if (findings.length > shownFindings) say(`… and ${findings.length - shownFindings} more`)

  const { chains, batches, breaks } = await auditChains(database)
  say(`ledger: ${batches} batches in ${chains} chains, ${breaks.length} breaks`)
  for (const text of breaks.slice(0, shownFindings)) say(`  ${text}`)
  for (const { reason, count } of await auditQuarantine(database)) say(`quarantine: ${count} × ${reason}`)

  const raised = await raisedAlerts(database)
  const crossings = reportAlarms(raised, { stage, timeline })
  reportSizes(looks, say)
  const repeated = stage.devices.reduce((sum, device) => sum + device.repeated, 0)
  say(`devices sent ${repeated} messages again because a connection broke before their acknowledgement came`)
  for (const { name, deaths } of stage.parts) for (const death of deaths) say(`${name}: ${death}`)

  const sent = counts.reduce((sum, count) => sum + count.sent, 0)
  const once = counts.reduce((sum, count) => sum + count.once, 0)
  say(`sent         ${sent}`)
  say(`stored once  ${once}`)
  const clean = sent === once && findings.length === 0 && breaks.length === 0 && areRight(crossings, raised)
  return { sent, storedOnce: once, crossings: crossings.length, alerts: raised.length, batches, clean }
}

function diagnosis({ kind, point, value, timeMs, records, detail }: Finding, timeline: Timeline): string {
  const on = timeline.around(timeMs, aftermathMs)
  const where = records.length === 0 ? '' : `, journal records ${records.join(' ')}`
  return `${kind}: ${point} = ${value} of ${new Date(timeMs).toISOString()}: ${detail}${where}; faults then: ${on.join(', ') || 'none'}`
}

function reportAlarms(
  raised: readonly string[],
  { stage, timeline }: { stage: Stage; timeline: Timeline },
): Crossing[] {
  const crossings = crossingsOf(stage, raised)
  const wrong = crossings.filter((crossing) => !isRight(crossing))
  const invented = falseAlarms(crossings, raised)
  timeline.tell(
    `limits crossed ${crossings.length}, alerts raised ${crossings.reduce((sum, { raised }) => sum + raised, 0)}`,
  )
  for (const { point, n, timeMs, raised } of wrong.slice(0, shownFindings)) {
    const on = timeline.around(timeMs, aftermathMs).join(', ') || 'none'
    timeline.tell(
      `crossing ${n} of ${point} at ${new Date(timeMs).toISOString()} raised ${raised} alerts; faults then: ${on}`,
    )
  }
  if (invented.length > 0)
    timeline.tell(`alerts of no crossing: ${invented.slice(0, shownFindings).join(', ')}`)
  const silent = crossings.filter(({ raised, latencyMs }) => raised > 0 && latencyMs === undefined).length
  if (silent > 0)
    timeline.tell(
      `${silent} of them had come to no webhook by the end: what a wrong clock has signed is refused, and tried again for a day`,
    )
  const isDatabase = (name: string) => name.startsWith('database')
  const during = (pick: (faults: string[]) => boolean) =>
    crossings
      .filter(({ timeMs }) => pick(timeline.around(timeMs, aftermathMs)))
      .flatMap(({ latencyMs }) => latencyMs ?? [])
      .sort((a, b) => a - b)
  for (const [name, latencies] of [
    ['no fault', during((faults) => faults.length === 0)],
    [
      'the database away, and nothing else',
      during((faults) => faults.length > 0 && faults.every(isDatabase)),
    ],
    ['any fault', during((faults) => faults.length > 0)],
  ] as const) {
    const [p50, p99] = [quantile(latencies, 0.5), quantile(latencies, 0.99)]
    if (p50 !== undefined)
      timeline.tell(
        `from measurement to webhook with ${name}: p50 ${p50} ms, p99 ${p99} ms, worst ${latencies.at(-1)} ms of ${latencies.length}`,
      )
  }
  return crossings
}

function areRight(crossings: readonly Crossing[], raised: readonly string[]): boolean {
  return crossings.every(isRight) && falseAlarms(crossings, raised).length === 0
}

function reportSizes(looks: readonly Look[], say: (text: string) => void): void {
  const names = new Set(looks.flatMap(({ processes }) => Object.keys(processes)))
  for (const name of names) {
    const sizes = looks.flatMap(({ processes }) => processes[name] ?? [])
    const [first, last] = [sizes[0], sizes.at(-1)]
    if (first === undefined || last === undefined) continue
    const most = (of: (size: Size) => number) => Math.max(...sizes.map(of))
    say(
      `${name}: memory first ${first.rssMb}, last ${last.rssMb}, most ${most((size) => size.rssMb)} MB; open files first ${first.openFiles}, last ${last.openFiles}, most ${most((size) => size.openFiles)}`,
    )
  }
}
