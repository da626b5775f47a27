import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '@farwatch/runtime'
import { notRun, type TestDatabase, testEngines } from '@farwatch/runtime/testing'
import { afterAll, beforeAll, expect, onTestFailed, type TestContext, test, vi } from 'vitest'
import {
  alertsSettled,
  crossingsOf,
  falseAlarms,
  isRaising,
  isRight,
  raisedAlerts,
} from './soak/faults/alarms.ts'
import { auditChains, auditReadings } from './soak/faults/audit.ts'
import { drained, type Mark, markOf } from './soak/faults/drained.ts'
import { faultsFor } from './soak/faults/faults.ts'
import { noMovedClocks } from './soak/faults/moved-clock.ts'
import { openStage, type Stage } from './soak/faults/stage.ts'

/**
 * Each fault of `npm run soak -- faults` once and for a moment, on real processes under load. The tests go on with one
 * stage, in order; the last one counts.
 */

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

const everyMs = 200
/** How long a fault lasts, in messages of each device. */
const messages = 6
const withinMs = 120_000
const faults = faultsFor(1)
const engine = testEngines.findLast(({ missing }) => missing === undefined)!

let folder: string
let server: TestDatabase | undefined
let stage: Stage
let mark: Mark = new Map()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'farwatch-faults-'))
  server = engine.name === 'server' ? await engine.create() : undefined
  const databaseUrl = server !== undefined && 'url' in server.location ? server.location.url : undefined
  stage = await openStage({ folder, databaseUrl, devicesPerSite: 2, everyMs, crossingEvery: 10 })
  await stage.begin()
})

afterAll(async () => {
  await stage?.close()
  await server?.drop()
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

/** One after another, each until every device has measured some messages; then everything must be there once. */
async function suffer(
  context: TestContext,
  names: readonly string[],
  during = async () => {},
): Promise<void> {
  onTestFailed(() =>
    console.log(stage.parts.flatMap(({ name, deaths }) => deaths.map((d) => `${name}: ${d}`))),
  )
  for (const name of names) {
    const fault = faults.find((one) => one.name === name)
    if (fault === undefined) throw new Error(`there is no fault "${name}"`)
    const missing = fault.missing?.(stage)
    if (missing !== undefined) context.skip(`not run: ${missing}`)
    const end = await fault.begin(stage)
    try {
      await measured(messages)
      await during()
    } finally {
      await end()
    }
  }
  const to = markOf(stage)
  expect(await drained(stage, { from: mark, to, withinMs })).toEqual([])
  mark = to
}

async function measured(count: number): Promise<void> {
  const [device] = stage.devices
  const from = stage.ledger.timesMs(device!.id).length
  await expect
    .poll(() => stage.ledger.timesMs(device!.id).length, { timeout: 60_000 })
    .toBeGreaterThanOrEqual(from + count)
}

test('J3 kill -9 of a gateway and of the whole platform', async (context) => {
  await suffer(context, ['gateway killed', 'platform killed'])
  const { gatewayA, platform } = stage
  expect([gatewayA.deaths, platform.deaths], 'ends that nobody ordered').toEqual([[], []])
})

test('J3 a gateway and the platform stopped in mid-step', async (context) => {
  await suffer(context, ['gateway frozen', 'platform frozen'])
})

test('J3 lines cut, refused, slow, flapping, held up and half open', async (context) => {
  await suffer(context, [
    'uplinks cut',
    'all lines to the centre cut',
    'uplinks slow',
    'uplinks flapping',
    'all lines to the centre held up',
    'all lines to the centre half open',
    'field lines half open',
    'devices come and go',
  ])
})

test('J3 a foreign broker restarted, and the gateway behind it killed', async (context) => {
  await suffer(context, ['foreign broker restarted', 'second gateway killed'])
})

test('J3 both disks full', async (context) => {
  await suffer(context, ['gateway disk full', 'centre disk full'])
})

test('J3 clocks of gateway and centre jump an hour, there and back', async (context) => {
  if (noMovedClocks !== undefined) notRun(context, noMovedClocks)
  await suffer(
    context,
    faults.flatMap(({ name }) => (name.includes('clock jumps') ? [name] : [])),
  )
})

test('J3 alerts are raised while the database is away, and everything is there once when it is back', async (context) => {
  const raisedDuring = () => {
    const from = stage.receiver.received.length
    return expect
      .poll(() => stage.receiver.received.slice(from).some(isRaising), {
        timeout: 60_000,
      })
      .toBe(true)
  }
  await suffer(context, ['database gone', 'database half open'], raisedDuring)
})

test('J3 R3 after all of it, what was sent is stored once, in unbroken chains, and each limit crossed raised its alert once, however late it came', async () => {
  await stage.endMeasuring()
  expect(await drained(stage, { from: new Map(), to: markOf(stage), withinMs })).toEqual([])
  await alertsSettled(stage, { database: server?.database })
  for (const part of stage.parts) await part.stop()
  const database = server?.database ?? (await openDatabase({ folder: join(stage.homes.centre, 'database') }))
  try {
    const raised = await raisedAlerts(database)
    const crossings = crossingsOf(stage, raised)
    expect(crossings.length).toBeGreaterThan(0)
    expect(crossings.filter((crossing) => !isRight(crossing))).toEqual([])
    expect(falseAlarms(crossings, raised)).toEqual([])
    const counts = await auditReadings(database, stage)
    expect(counts.flatMap(({ findings }) => findings)).toEqual([])
    const sum = (of: (count: (typeof counts)[number]) => number) =>
      counts.reduce((total, one) => total + of(one), 0)
    const sent = sum((count) => count.sent)
    const once = sum((count) => count.once)
    console.log(
      `sent ${sent}, stored once ${once} of ${counts.length} ways; ${crossings.length} limits crossed, ${raised.length} alerts; ${engine.name}`,
    )
    expect(once).toBe(sent)
    expect((await auditChains(database)).breaks).toEqual([])
  } finally {
    if (server === undefined) await database.close()
  }
})
