import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Delivery, Registry } from '@farwatch/model'
import { createMetrics, openJournal, silentLog, systemClock } from '@farwatch/runtime'
import { testEngines } from '@farwatch/runtime/testing'
import { expect, test, vi } from 'vitest'
import { recordOf, seriesOfValues, TestGateway } from './testing.ts'
import { startWriter } from './writer.ts'

// Opening the embedded engine takes seconds on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

const t0 = Date.UTC(2026, 10, 23)

for (const engine of testEngines) {
  const title = `J2 declared loss stands beside the ledger and shrinks when a batch comes after all; how a gateway delivers is kept, ${engine.name}`
  test.skipIf(engine.missing)(engine.missing ? `${title} (${engine.missing})` : title, async () => {
    const tested = await engine.create()
    const { database } = tested
    const folder = await mkdtemp(join(tmpdir(), 'farwatch-loss-'))
    const journal = await openJournal({ folder, log: silentLog })
    const writer = await startWriter({
      ...{ database, journal, registry: Registry.parse({}), clock: systemClock, log: silentLog },
      metrics: createMetrics(),
    })
    const write = async (...records: Uint8Array[]) => {
      await Promise.all(records.map((record) => journal.append(record)))
      await expect.poll(() => writer.position, { timeout: 30_000 }).toBe(journal.next)
    }
    const one = async (sql: string) => (await database.query(sql))[0]
    try {
      const gateway = new TestGateway('GW-L')
      const [first, second, third] = [1, 2, 3].map((value) =>
        gateway.batch([seriesOfValues('E01/stack/lost', t0, [value])]),
      )
      const last = gateway.head.hash
      await write(first!, gateway.loss({ from: 2, to: 3, last, readings: 2, firstMadeMs: t0 }))
      expect(await one('select * from api_loss')).toMatchObject({
        ...{ gateway: 'GW-L', chain: '0123456789abcdef', from_seq: 2, to_seq: 3, prev: null, last },
        ...{ readings: 2, missing: 2, first_made_at: new Date(t0), last_made_at: null, reason: 'bytes' },
      })
      await write(third!)
      expect(await one('select missing from api_loss')).toEqual({ missing: 1 })
      await write(second!)
      expect(await one('select missing from api_loss')).toEqual({ missing: 0 })

      await write(recordOf.delivery(delivery(1), t0), recordOf.delivery(delivery(2), t0 + 1))
      await write(recordOf.status('GW-M', { v: 1, online: true }, t0))
      expect(await database.query('select * from api_gateway order by gateway')).toMatchObject([
        {
          gateway: 'GW-L',
          status: null,
          received_at: null,
          delivery: delivery(2),
          told_at: new Date(t0 + 1),
        },
        { gateway: 'GW-M', received_at: new Date(t0), delivery: null, told_at: null },
      ])
    } finally {
      await writer.stop()
      await journal.close()
      await tested.drop()
      await rm(folder, { recursive: true, force: true })
    }
  })
}

function delivery(stored: number): Delivery {
  return {
    ...{ v: 1, gateway: 'GW-L', chain: null, islands: 1, abnormal: null, twin: null },
    verdicts: { stored, duplicate: 0, rejected: 0, held: 0, forked: 0, gap: 0, declared: 1 },
    missing: { holes: 0, batches: 0, list: [] },
    lost: { declarations: 1, batches: 0, readings: 2, list: [] },
  }
}
