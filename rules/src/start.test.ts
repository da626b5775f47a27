import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Alert, Alert as AlertSchema } from '@farwatch/model'
import {
  createMetrics,
  type Database,
  type Journal,
  openJournal,
  silentLog,
  systemClock,
} from '@farwatch/runtime'
import { testEngines } from '@farwatch/runtime/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { loadCheckpoint } from './engine/checkpoint.ts'
import { start } from './start.ts'
import { awayDatabase } from './testing/away-database.ts'
import { entriesOf, replay, summary } from './testing/centre.ts'
import { encodedMessage, gasRules, lel01, lifeRules, registry, rulesOf } from './testing/city.ts'

const rules = rulesOf(gasRules.replace('durationS: 2', 'durationS: 0'))
const boundMs = 20_000

let home: string
let journal: Journal
let alertJournal: Journal

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'farwatch-start-'))
  await open()
})
afterEach(async () => {
  await close()
  await rm(home, { recursive: true, force: true })
})

async function open(): Promise<void> {
  journal = await openJournal({ folder: join(home, 'centre'), log: silentLog })
  alertJournal = await openJournal({ folder: join(home, 'alerts'), log: silentLog })
}

async function close(): Promise<void> {
  await journal.close()
  await alertJournal.close()
}

function run(database: Database = awayDatabase, config: { rules: typeof rules } = { rules }) {
  const metrics = createMetrics()
  const deps = {
    clock: systemClock,
    log: silentLog,
    metrics,
    database,
    journal,
    alertJournal,
    registry,
    home,
  }
  return start({ ...config, webhooks: [] }, deps).then((service) => ({ service, metrics }))
}

function receive(value: number, point = lel01): Promise<number> {
  const receivedMs = Date.now()
  return journal.append(encodedMessage({ point, receivedMs, timeMs: receivedMs - 2, value }))
}

/** Waits until an alert of the desk is in a state. */
function reaches(desk: { current(): readonly Alert[] }, state: Alert['state']): Promise<Alert> {
  return vi.waitFor(() => {
    const alert = desk.current().find((one) => one.state === state)
    if (alert === undefined) throw new Error(`no alert is ${state}`)
    return alert
  }, boundMs)
}

test('F4 an alert is raised, acknowledged and closed while the database is away, and each step is announced', async () => {
  const { service, metrics } = await run()
  const seen: string[] = []
  service.subscribe((alert) => {
    seen.push(alert.transitions.at(-1)!.kind)
  })
  await receive(28)
  const raised = await reaches(service, 'unacknowledged')
  expect(() => AlertSchema.parse(raised)).not.toThrow()
  expect(raised.why.en).toBe('LEL01 28 %LEL, above the limit of 25 %LEL')
  const done = await service.acknowledge(raised.id, { by: 'li', comment: 'seen' })
  expect(done).toMatchObject({ outcome: 'done', alert: { state: 'acknowledged' } })
  expect(await service.acknowledge(raised.id, { by: 'wu' })).toMatchObject({ outcome: 'already' })
  expect(await service.acknowledge('0'.repeat(32), { by: 'wu' })).toEqual({ outcome: 'unknown' })
  await receive(3)
  await reaches(service, 'normal')
  expect(seen).toEqual(['raised', 'acknowledged', 'closed'])
  const text = await metrics.metrics()
  expect(text).toMatch(/farwatch_rules_evaluations_total 4/)
  expect(text).toMatch(/farwatch_rules_alerts_open\{level="orange"\} 0/)
  await service.stop()
})

test('F4 after a restart open alerts are there before any reading, and go on', async () => {
  const first = await run()
  await receive(28)
  const raised = await reaches(first.service, 'unacknowledged')
  await first.service.stop()
  await close()
  await open()
  const second = await run()
  expect(second.service.current().map(({ id }) => id)).toEqual([raised.id])
  await receive(3)
  expect((await reaches(second.service, 'returned-unacknowledged')).id).toBe(raised.id)
  await second.service.stop()
})

test('F4 the journal cursor goes only where a checkpoint is', async () => {
  const { service } = await run()
  await receive(28)
  await reaches(service, 'unacknowledged')
  const cursor = await journal.cursor('rules')
  expect(cursor.position).toBe(1)
  await service.stop()
  expect(cursor.position).toBe(2)
  expect(await loadCheckpoint(home)).toMatchObject({ position: 2 })
})

test('F4 another version of a rule starts fresh, takes over the open alert, and a rule that is gone returns its own', async () => {
  const first = await run()
  await receive(28)
  await reaches(first.service, 'unacknowledged')
  await first.service.stop()
  const stricter = rulesOf(gasRules.replace('durationS: 2', 'durationS: 0').replace('above: 25', 'above: 50'))
  const second = await run(awayDatabase, { rules: stricter.map((rule) => ({ ...rule, version: 2 })) })
  await receive(28)
  const returned = await reaches(second.service, 'returned-unacknowledged')
  expect(returned.transitions.map(({ kind }) => kind)).toEqual(['raised', 'returned'])
  await receive(60)
  await reaches(second.service, 'unacknowledged')
  await second.service.stop()
  const third = await run(awayDatabase, { rules: [] })
  const withdrawn = await reaches(third.service, 'returned-unacknowledged')
  expect(withdrawn.transitions.at(-1)!.comment).toContain('no longer applies')
  await third.service.stop()
})

test('F8 a damaged checkpoint is named, and alerts are rebuilt from their journal', async () => {
  const first = await run()
  await receive(28)
  const raised = await reaches(first.service, 'unacknowledged')
  await first.service.stop()
  const path = join(home, 'rules', 'checkpoint')
  const bytes = await readFile(path)
  bytes[bytes.indexOf('"position":2') + 11] = 0x39
  await writeFile(path, bytes)
  const second = await run()
  expect(second.service.current().map(({ id }) => id)).toEqual([raised.id])
  await receive(3)
  expect((await reaches(second.service, 'returned-unacknowledged')).id).toBe(raised.id)
  await second.service.stop()
  expect(
    summary((await entriesOf(alertJournal)).filter((entry) => entry.kind === 'transition')),
  ).toHaveLength(2)
})

test('F8 a record that cannot be read is passed over and counted; the readings after it are judged', async () => {
  const { service, metrics } = await run()
  await journal.append(Uint8Array.of(1, 2, 3))
  await receive(28)
  await reaches(service, 'unacknowledged')
  expect(await metrics.metrics()).toMatch(/farwatch_rules_bad_records_total 1/)
  await service.stop()
})

describe.each(testEngines)('$name database', ({ missing, create }) => {
  test.skipIf(missing !== undefined)(
    `F4 alerts and their transitions reach the tables, also those from before the database came, and twice is once${missing === undefined ? '' : ` (${missing})`}`,
    async () => {
      const { service } = await run()
      await receive(28)
      const { id } = await reaches(service, 'unacknowledged')
      await receive(3)
      await reaches(service, 'returned-unacknowledged')
      await service.stop()
      const { database, drop } = await create()
      try {
        const second = await run(database)
        await second.service.acknowledge(id, { by: 'li', comment: '已核实' })
        await receive(40)
        const next = await reaches(second.service, 'unacknowledged')
        const stored = async () =>
          (await database.query<{ alert: Alert }>('select alert from api_alert order by set_at')).map(
            ({ alert }) => alert,
          )
        await vi.waitFor(async () => expect(await stored()).toHaveLength(2), boundMs)
        const [closed, opened] = await stored()
        expect(AlertSchema.parse(closed)).toEqual(second.service.current().find((one) => one.id === id))
        expect(opened).toEqual(next)
        await second.service.stop()

        // From the beginning of the alert journal again: nothing changes.
        const cursors = join(home, 'alerts', 'cursors.json')
        await close()
        const positions = JSON.parse(await readFile(cursors, 'utf8'))
        await writeFile(cursors, JSON.stringify({ ...positions, 'rules.database': 1 }))
        await open()
        const third = await run(database)
        const last = await third.service.acknowledge(next.id, { by: 'wu' })
        await vi.waitFor(async () => expect((await stored())[1]!.state).toBe('acknowledged'), boundMs)
        expect((await stored())[1]).toEqual('alert' in last ? last.alert : undefined)
        expect((await stored())[0]).toEqual(closed)
        await third.service.stop()
        await expect(
          database.query(
            "insert into alert select md5(id) || '', rule, rule_version, subject, site, level, state, title, why, unit, limit_value, value, worst, set_at, returned_at, last_n from alert where state <> 'normal'",
          ),
        ).rejects.toMatchObject({ code: 'database-conflict' })
      } finally {
        await drop()
      }
    },
    60_000,
  )
})

test('F4 kill -9 at any moment: the same alerts as replay gives, none twice', async () => {
  await close()
  const script = fileURLToPath(new URL('testing/life.ts', import.meta.url))
  const errors: string[] = []
  const live = async (readings: number, signal: NodeJS.Signals) => {
    const child: ChildProcess = spawn(process.execPath, [script, home], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stderr!.on('data', (data) => errors.push(String(data)))
    const exited = once(child, 'exit')
    let seen = 0
    for await (const _ of createInterface({ input: child.stdout! })) {
      if (++seen === readings) child.kill(signal)
    }
    await exited
    expect(seen, errors.join('')).toBeGreaterThanOrEqual(readings)
  }
  // Where the kill falls is left to the machine; how many readings went before it is not.
  for (const readings of [40, 3, 150, 1, 90]) await live(readings, 'SIGKILL')
  await live(60, 'SIGTERM')
  await open()
  // What had been received but not judged when the last life ended.
  const { service, metrics } = await run(awayDatabase, { rules: lifeRules })
  await vi.waitFor(
    async () => expect(await metrics.metrics()).toMatch(/farwatch_rules_behind_records 0\n/),
    boundMs,
  )
  await service.stop()
  const transitions = (await entriesOf(alertJournal)).filter((entry) => entry.kind === 'transition')
  const again = await replay({ rules: lifeRules, journal, entries: () => entriesOf(alertJournal) })
  expect(summary(transitions)).toEqual(summary(again))
  expect(transitions.length).toBeGreaterThan(20)
  const steps = transitions.map(({ alert, transition }) => `${alert.id} ${transition.n}`)
  expect(new Set(steps).size).toBe(steps.length)
}, 60_000)
