import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadIdentity, openSpool } from '@farwatch/gateway/uplink'
import { Credentials, startIntake, startWriter } from '@farwatch/ingest'
import {
  type Clock,
  createMetrics,
  type Database,
  openJournal,
  type Service,
  silentLog,
  startService,
  systemClock,
} from '@farwatch/runtime'
import { testEngines } from '@farwatch/runtime/testing'
import { expect, test } from 'vitest'

const server = testEngines.find(({ name }) => name === 'server')!
const patient = { timeout: 40_000, interval: 20 }
const boundBytes = 400_000
const readingsABatch = 200
/** About what one batch of so many readings of one point takes. */
const batchBytes = readingsABatch * 16

/** Intake, journal and writer; the journal is small enough to be filled. */
function centre(home: string, database: Database) {
  return startService(silentLog, async (life) => {
    const base = { clock: systemClock, log: silentLog, metrics: createMetrics(), registry: { sites: [] } }
    const journal = await openJournal({
      ...{ folder: join(home, 'centre'), log: silentLog, segmentBytes: 20_000 },
      bounds: { bytes: boundBytes, whenFull: 'refuse' },
    })
    life.onStop('journal', () => journal.close())
    const writer = await startWriter({ ...base, database, journal })
    life.onStop('writer', () => writer.stop())
    const credentials = await Credentials.open(join(home, 'credentials.json'))
    const password = await credentials.enrolGateway('GW-1')
    const intake = await startIntake(
      { host: '127.0.0.1', port: 0 },
      { ...base, journal, credentials, home: join(home, 'centre') },
    )
    life.onStop('intake', () => intake.stop())
    return { journal, writer, intake, url: `mqtt://127.0.0.1:${intake.port}`, password }
  })
}

const speed = 5
/** A gateway that is held sends again after 15 s of its clock. */
const fastClock: Clock = {
  ...systemClock,
  monotonicMs: () => systemClock.monotonicMs() * speed,
  sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
}

/** `measure` resolves when so many batches of readings, numbered on, are on the gateway's disk. */
async function gateway(home: string, { url, password }: { url: string; password: string }) {
  const { waiting, add, stop } = await openSpool({
    ...{ gateway: 'GW-1', identity: await loadIdentity(home), url, password, home: join(home, 'gateway') },
    ...{ clock: fastClock, log: silentLog, lingerMs: 1, links: () => [] },
  })
  let measured = 0
  return {
    waiting,
    stop,
    get measured() {
      return measured
    },
    async measure(batches: number): Promise<void> {
      for (let b = 0; b < batches; b++) {
        const from = measured
        measured += readingsABatch
        await add(
          Array.from({ length: readingsABatch }, (_, i) => ({
            ...{ point: 'S/d/m', timeMs: 1_795_000_000_000 + from + i, value: from + i },
            ...{ quality: 0, timeSource: 'device' as const },
          })),
        )
      }
    },
  }
}

/** Nobody reads or writes the readings until `release`, as when a lock or a dying disk stands in the way. */
async function block(database: Database): Promise<() => Promise<void>> {
  const blocked = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  const held = database.transaction(async (transaction) => {
    await transaction.query('lock table reading in access exclusive mode')
    blocked.resolve()
    await released.promise
  })
  await Promise.race([blocked.promise, held])
  return async () => {
    released.resolve()
    await held
  }
}

test.skipIf(server.missing)(
  'J5 while the database stands, gateways are acknowledged until the journal is near its bound, then held; nothing is lost and all go on by themselves',
  { timeout: 120_000 },
  async () => {
    const { database, drop } = await server.create()
    const home = await mkdtemp(join(tmpdir(), 'farwatch-slow-database-'))
    const running: Service[] = []
    try {
      const side = await centre(home, database)
      running.push(side)
      const gw = await gateway(home, side)
      running.push(gw)
      await gw.measure(1)
      await expect.poll(() => gw.waiting(), patient).toBe(0)
      await expect.poll(() => side.writer.behind, patient).toBe(0)

      const release = await block(database)
      try {
        const half = Math.floor(boundBytes / 2 / batchBytes)
        await gw.measure(half)
        await expect.poll(() => gw.waiting(), patient).toBe(0)
        expect(side.writer.behind).toBeGreaterThanOrEqual(half)
        expect(side.intake.problem).toBeUndefined()

        while (side.intake.problem === undefined) await gw.measure(1)
        expect(side.intake.problem).toMatch(/bound of 400000 bytes/)
        // Batches that wait together are refused together, at most what a gateway sends without a receipt.
        expect(side.journal.bytes).toBeGreaterThan(boundBytes - 32 * batchBytes)
        expect(side.journal.bytes).toBeLessThanOrEqual(boundBytes)
        await gw.measure(20)
        expect(gw.waiting()).toBeGreaterThanOrEqual(20)
      } finally {
        await release()
      }

      await expect.poll(() => gw.waiting(), patient).toBe(0)
      await gw.measure(1)
      await expect.poll(() => gw.waiting(), patient).toBe(0)
      await expect.poll(() => side.writer.behind, patient).toBe(0)
      expect(side.intake.problem).toBeUndefined()
      const [found] = await database.query(
        'select count(*) as rows, count(distinct value) as different, max(value) as last from reading',
      )
      expect(found).toEqual({ rows: gw.measured, different: gw.measured, last: gw.measured - 1 })
      expect(await database.query('select sum(readings) as readings from batch')).toEqual([
        { readings: gw.measured },
      ])
    } finally {
      for (const service of running.reverse()) await service.stop()
      await drop()
      await rm(home, { recursive: true, force: true })
    }
  },
)
