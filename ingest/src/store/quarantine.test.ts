import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMetrics, openJournal, silentLog, systemClock } from '@farwatch/runtime'
import { testEngines } from '@farwatch/runtime/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { recordOf } from './testing.ts'
import { startWriter } from './writer.ts'

for (const engine of testEngines) {
  describe.skipIf(engine.missing !== undefined)(`quarantine, ${engine.name}`, () => {
    test('J6 quarantine is bounded in bytes too', { timeout: 60_000 }, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'farwatch-quarantine-'))
      onTestFinished(() => rm(folder, { recursive: true, force: true }))
      const { database, drop } = await engine.create()
      onTestFinished(drop)
      const journal = await openJournal({ folder, log: silentLog })
      onTestFinished(() => journal.close())
      const base = { clock: systemClock, log: silentLog, metrics: createMetrics() }
      const writer = await startWriter({ ...base, database, journal, registry: { sites: [] } })
      onTestFinished(() => writer.stop())
      await database.query(`insert into quarantine
        select n, now(), 'farwatch/v1/GW-1/batch', 'c', 'r', 1000000, convert_to(repeat('0', 1000000), 'UTF8')
        from generate_series(-300, -1) as n`)
      await journal.append(recordOf.quarantine('the one that is too much'))
      await expect.poll(() => writer.position, { timeout: 30_000 }).toBe(journal.next)
      expect(await database.query('select min(position) as oldest, count(*) from quarantine')).toEqual([
        { oldest: -268, count: 269 },
      ])
    })
  })
}
