import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Registry } from '@farwatch/model'
import { createMetrics, openDatabase, openJournal, silentLog, systemClock } from '@farwatch/runtime'
import { testEngines } from '@farwatch/runtime/testing'
import { expect, test, vi } from 'vitest'
import { recordOf, seriesOfValues, TestGateway } from './testing.ts'
import { startWriter } from './writer.ts'

// Opening the embedded engine takes seconds on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

const program = fileURLToPath(new URL('./testing-writer-process.ts', import.meta.url))
const batches = 400
const readingsPerBatch = 50
const messages = 100
const kills = 2

/** Runs the writer's process and kills it hard once it has come to `position` or a few records further. */
async function writeAndKill(task: unknown, position: number): Promise<number> {
  const child = spawn(process.execPath, [program, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let reached = 0
  for await (const line of createInterface({ input: child.stdout })) {
    reached = Number(line)
    if (reached >= position) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  expect(child.signalCode).toBe('SIGKILL')
  return reached
}

for (const engine of testEngines) {
  const title = `F3 the writer killed in mid-write loses and doubles nothing, ${engine.name}`
  test.skipIf(engine.missing)(
    engine.missing ? `${title} (${engine.missing})` : title,
    async () => {
      const seed = Math.floor(Math.random() * 2 ** 31)
      const tested = await engine.create()
      const folder = await mkdtemp(join(tmpdir(), 'farwatch-crash-'))
      try {
        const gateway = new TestGateway('GW-1')
        const t0 = Date.UTC(2026, 10, 23)
        let journal = await openJournal({ folder, log: silentLog })
        const appended: Promise<number>[] = []
        for (let n = 0; n < batches; n++) {
          const values = Array.from({ length: readingsPerBatch }, (_, i) => n * readingsPerBatch + i)
          const firstMs = t0 + n * readingsPerBatch * 1_000
          appended.push(journal.append(gateway.batch([seriesOfValues('E01/a/m', firstMs, values)])))
          if (n % (batches / messages) === 0) {
            appended.push(journal.append(recordOf.telemetry('E01', 'b', { ts: t0 + n, values: { m: n } })))
          }
        }
        await Promise.all(appended)
        await journal.close()
        await tested.database.close()

        const records = 8
        const task = { location: tested.location, folder, records }
        const places: number[] = []
        for (let kill = 1; kill <= kills; kill++) {
          const aim = Math.round((batches + messages) * ((kill - ((seed >> kill) % 5) / 10) / (kills + 1)))
          places.push(await writeAndKill(task, aim))
        }

        journal = await openJournal({ folder, log: silentLog })
        const database = await openDatabase(tested.location)
        const metrics = createMetrics()
        const registry = Registry.parse({})
        const deps = { database, journal, registry, clock: systemClock, log: silentLog, metrics }
        const writer = await startWriter({ ...deps, limits: { records } })
        expect(writer.position, `seed ${seed}`).toBeGreaterThanOrEqual(places.at(-1)!)
        expect(writer.position, `seed ${seed}, every kill was in mid-write`).toBeLessThan(journal.next)
        await expect.poll(() => writer.behind, { timeout: 30_000 }).toBe(0)
        await writer.stop()
        const counts = await database.query(
          `select key, count(*), count(distinct time) as times, sum(value) from reading join point on point_id = id
         group by key order by key`,
        )
        const all = batches * readingsPerBatch
        expect(counts, `seed ${seed}`).toEqual([
          { key: 'E01/a/m', count: all, times: all, sum: (all * (all - 1)) / 2 },
          { key: 'E01/b/m', count: messages, times: messages, sum: (messages * (messages - 1) * 4) / 2 },
        ])
        const ledger = await database.query(
          `select count(*), min(seq) as first, max(seq) as last, sum(readings) as readings,
                count(*) filter (where readings <> (select count(*) from reading r where r.batch = position)) as wrong
         from batch`,
        )
        expect(ledger).toEqual([{ count: batches, first: 1, last: batches, readings: all, wrong: 0 }])
        await journal.close()
        await database.close()
      } finally {
        await tested.drop()
        await rm(folder, { recursive: true, force: true })
      }
    },
    60_000,
  )
}
