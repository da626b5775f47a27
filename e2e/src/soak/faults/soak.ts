import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase, systemClock } from '@farwatch/runtime'
import { alertsSettled } from './alarms.ts'
import { drained, type Mark, markOf } from './drained.ts'
import { type Fault, faultsFor } from './faults.ts'
import { type Look, look } from './gauges.ts'
import { randomFrom, shuffled } from './random.ts'
import { type Outcome, report } from './report.ts'
import { openStage, type Stage } from './stage.ts'
import { Timeline } from './timeline.ts'

export interface FaultSoakOptions {
  readonly minutes: number
  readonly seed: number
  /** An empty TimescaleDB database; undefined: the embedded engine. */
  readonly databaseUrl: string | undefined
  /** Names of faults, or parts of names; empty: all. */
  readonly only: readonly string[]
  readonly say: (text: string) => void
  /** Ends it early, with everything cleaned up. */
  readonly signal: AbortSignal
}

const devicesPerSite = 8
const everyMs = 500
const crossingEvery = 30
const lookEveryMs = 2_000
/** A storm of faults, then quiet until all is in the database. */
const stormS = 90
const atOnce = 3
/** On a loaded machine a long outage takes its time to be caught up with; what takes longer is stuck. */
const drainWithinMs = 600_000

/** Faults at random under load, and then the count. */
export async function soakFaults(options: FaultSoakOptions): Promise<Outcome> {
  const { minutes, seed, say, signal } = options
  const folder = await mkdtemp(join(tmpdir(), 'farwatch-soak-'))
  const timeline = new Timeline(join(folder, 'timeline.jsonl'), say)
  const { databaseUrl } = options
  const stage = await openStage({ folder, databaseUrl, devicesPerSite, everyMs, crossingEvery })
  const looks: Look[] = []
  let outcome: Outcome | undefined
  let looking = Promise.resolve()
  let watch: NodeJS.Timeout | undefined
  try {
    say(`folder ${folder}`)
    await stage.begin()
    watch = setInterval(() => {
      looking = looking.then(async () => {
        const found = await look(stage)
        looks.push(found)
        timeline.note('look', found)
      })
    }, lookEveryMs)
    const rate = (stage.devices.length * 5 * 1_000) / everyMs
    timeline.tell(
      `${stage.devices.length} devices, ${(stage.devices.length * 1_000) / everyMs} messages and ${rate} readings a second, ${databaseUrl === undefined ? 'embedded database' : 'database server'}, ${minutes} minutes, seed ${seed}`,
    )
    const problems = await weather(stage, { ...options, timeline })
    await stage.endMeasuring()
    timeline.tell('all is healed; what is on its way arrives')
    problems.push(
      ...(await drained(stage, { from: new Map(), to: markOf(stage), withinMs: drainWithinMs, signal })),
    )
    for (const problem of problems) timeline.tell(problem)
    const open = () =>
      openDatabase(
        databaseUrl === undefined ? { folder: join(stage.homes.centre, 'database') } : { url: databaseUrl },
      )
    const server = databaseUrl === undefined ? undefined : await open()
    await alertsSettled(stage, { database: server, signal })
    clearInterval(watch)
    await looking
    for (const part of stage.parts) await part.stop()
    const database = server ?? (await open())
    try {
      const counted = await report(database, { stage, timeline, looks })
      outcome = { ...counted, clean: counted.clean && problems.length === 0 }
      return outcome
    } finally {
      await database.close()
    }
  } finally {
    clearInterval(watch)
    await looking
    await stage.close()
    if (outcome?.clean) await rm(folder, { recursive: true, force: true })
    else say(`what happened when: ${join(folder, 'timeline.jsonl')}; logs and ledger beside it`)
  }
}

/** Storms and quiet stretches until the time is over; returns what was not in order in a quiet stretch. */
async function weather(
  stage: Stage,
  { minutes, seed, only, timeline, signal }: FaultSoakOptions & { timeline: Timeline },
): Promise<string[]> {
  const random = randomFrom(seed)
  const faults = faultsFor(minutes).filter(
    ({ name }) => only.length === 0 || only.some((part) => name.includes(part)),
  )
  if (faults.length === 0) throw new Error(`no fault is called ${only.join(' or ')}`)
  const possible = faults.filter(({ name, missing }) => {
    const reason = missing?.(stage)
    if (reason !== undefined) timeline.tell(`not run: ${name}: ${reason}`)
    return reason === undefined
  })
  const problems: string[] = []
  const untilMs = performance.now() + minutes * 60_000
  let deck: Fault[] = []
  let mark: Mark = new Map()
  while (performance.now() < untilMs) {
    const stormMs = Math.min(stormS * 1_000, untilMs - performance.now())
    const counted = new Map<string, number>()
    const on = new Map<string, Promise<void>>()
    const stormUntilMs = performance.now() + stormMs
    while (performance.now() < stormUntilMs) {
      await systemClock.sleep(1_000 + random() * 5_000, signal)
      if (on.size >= atOnce) continue
      if (deck.length === 0) deck = shuffled(possible, random)
      const next = deck.findIndex(({ part }) => !on.has(part))
      const [fault] = next < 0 ? [] : deck.splice(next, 1)
      if (fault === undefined) continue
      const [least, most] = fault.lastsS
      const lasting = live(fault, {
        stage,
        timeline,
        lastsMs: (least + random() * (most - least)) * 1_000,
        signal,
      })
      counted.set(fault.name, (counted.get(fault.name) ?? 0) + 1)
      on.set(
        fault.part,
        lasting.finally(() => on.delete(fault.part)),
      )
    }
    await Promise.all(on.values())
    timeline.tell(
      `${new Date().toISOString().slice(11, 19)} storm over: ${Array.from(counted, ([name, count]) => (count > 1 ? `${count} × ${name}` : name)).join(', ')}`,
    )
    const to = markOf(stage)
    const startedMs = performance.now()
    const wrong = await drained(stage, { from: mark, to, withinMs: drainWithinMs, signal })
    timeline.tell(
      `  ${wrong.length === 0 ? 'everything so far is in the database once' : `${wrong.length} points are not as sent`}, ${Math.round((performance.now() - startedMs) / 1_000)} s after the last fault`,
    )
    problems.push(...wrong)
    mark = to
  }
  return problems
}

async function live(
  fault: Fault,
  {
    stage,
    timeline,
    lastsMs,
    signal,
  }: { stage: Stage; timeline: Timeline; lastsMs: number; signal: AbortSignal },
): Promise<void> {
  const spell = timeline.begin(fault.name)
  const end = await fault.begin(stage)
  await systemClock.sleep(lastsMs, signal).catch(() => undefined)
  await end()
  timeline.end(spell)
}
