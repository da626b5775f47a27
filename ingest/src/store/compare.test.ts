import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { latestTimeMs } from '@farwatch/model'
import { createMetrics, openJournal, readKeptFolders, silentLog, systemClock } from '@farwatch/runtime'
import { testEngines } from '@farwatch/runtime/testing'
import { describe, expect, test, vi } from 'vitest'
import { compareWithOriginals } from './compare.ts'
import { recordOf, seriesOfValues, TestGateway } from './testing.ts'
import { startWriter } from './writer.ts'

// Opening the embedded engine takes seconds on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

const t0 = Date.UTC(2026, 10, 23, 12)

for (const engine of testEngines) {
  const title = `J4 the database against the originals, ${engine.name}`
  describe.skipIf(engine.missing)(engine.missing ? `${title} (${engine.missing})` : title, () => {
    test('J4 rows changed, taken out and put in with SQL are each named', async () => {
      const { database, drop } = await engine.create()
      const home = await mkdtemp(join(tmpdir(), 'farwatch-compare-'))
      const folders = { journal: join(home, 'journal'), archive: join(home, 'archive') }
      const journal = await openJournal({ folder: folders.journal, log: silentLog })
      const deps = { clock: systemClock, log: silentLog, metrics: createMetrics(), registry: { sites: [] } }
      const writer = await startWriter({ database, journal, ...deps })
      const gateway = new TestGateway('GW-1')
      const repeated = gateway.batch([seriesOfValues('E01/stack/so2', t0, [1, 2, Number.NaN])], t0)
      for (const record of [
        repeated,
        repeated,
        recordOf.telemetry('E02', 'd', { ts: t0, values: { pm10: 50 } }, t0),
        gateway.batch([seriesOfValues('E01/stack/so2', t0 + 10_000, [4, 5])], t0 + 10_000),
      ])
        await journal.append(record)
      await expect.poll(() => writer.behind, { timeout: 30_000 }).toBe(0)
      const compare = async () =>
        (await compareWithOriginals(database, readKeptFolders(folders), { fromMs: 0, toMs: latestTimeMs }))
          .findings
      try {
        expect(await compare()).toEqual([])
        const so2 = `(select id from point where key = 'E01/stack/so2')`
        await database.query(`update reading set value = 80.1 where value = 2`)
        await database.query(`delete from reading where value = 4`)
        await database.query(
          `insert into reading (time, point_id, value, quality, batch) select max(time), ${so2}, 99, 0, 4 from reading`,
        )
        const findings = await compare()
        const at = { point: 'E01/stack/so2', batch: expect.stringMatching(/^GW-1\/[0-9a-f]{16}\/[12]$/) }
        expect(findings).toHaveLength(3)
        expect(findings).toContainEqual(
          expect.objectContaining({ kind: 'differs', ...at, found: 80.1, expected: 2 }),
        )
        expect(findings).toContainEqual(expect.objectContaining({ kind: 'missing', ...at, expected: 4 }))
        expect(findings).toContainEqual(expect.objectContaining({ kind: 'added', ...at, found: 99 }))
      } finally {
        await writer.stop()
        await journal.close()
        await drop()
        await rm(home, { recursive: true, force: true })
      }
    })
  })
}
