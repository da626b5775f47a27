import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSign1 } from '@farwatch/evidence'
import { loadIdentity, openSpool, type SpoolOptions } from '@farwatch/gateway/uplink'
import { Credentials, startIntake } from '@farwatch/ingest'
import { decodeLoss, decodeRecord, type LossDeclaration, type Registry, seriesOf } from '@farwatch/model'
import { createMetrics, type Journal, openJournal, silentLog, systemClock } from '@farwatch/runtime'
import { afterEach, beforeEach } from 'vitest'

/** A gateway's half and the centre's half, on real journals and sockets, in one folder for each test of the file that calls this. */
export function bothEnds() {
  let home = ''
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'farwatch-ends-'))
  })
  afterEach(() => rm(home, { recursive: true, force: true }))

  async function centre(port = 0, sites: Registry['sites'] = [], data = 'centre') {
    const journal = await openJournal({ folder: join(home, data), log: silentLog })
    const credentials = await Credentials.open(join(home, 'credentials.json'))
    const intake = await startIntake(
      { host: '127.0.0.1', port },
      {
        clock: systemClock,
        log: silentLog,
        metrics: createMetrics(),
        journal,
        registry: { sites },
        credentials,
        home: join(home, data),
      },
    )
    return {
      journal,
      credentials,
      port: intake.port,
      async stop() {
        await intake.stop()
        await journal.close()
      },
    }
  }

  async function gateway(url: string, password: string, options: Partial<SpoolOptions> = {}) {
    const identity = await loadIdentity(home)
    const spool = await openSpool({
      ...{ gateway: 'GW-1', identity, url, password, home: join(home, 'gateway') },
      ...{ clock: systemClock, log: silentLog, lingerMs: 1, links: () => [], ...options },
    })
    const { journal } = spool
    return {
      journal,
      spool,
      /** Batches without an answer. */
      waiting: () => spool.waiting(),
      /** Readings 0, 1, 2 … of one point; resolves when they are on the gateway's disk. */
      async measure(from: number, count: number, point = 'S/d/m'): Promise<void> {
        for (let i = from; i < from + count; i++) {
          await spool.add([
            { point, timeMs: 1_700_000_000_000 + i, value: i, quality: 0, timeSource: 'device' },
          ])
        }
      },
      async stop() {
        await spool.stop()
      },
    }
  }

  return {
    centre,
    gateway,
    get home() {
      return home
    },
  }
}

/** The values that `measure` gives. */
export const upTo = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i)

/** Values in the centre's journal, in order of arrival. */
export async function stored(journal: Journal): Promise<number[]> {
  const values: number[] = []
  for (let from = journal.first; from < journal.next; ) {
    const records = await journal.read(from)
    for (const { payload } of records)
      for (const { values: some } of seriesOf(decodeRecord(payload!))) values.push(...some)
    from = records.at(-1)!.position + 1
  }
  return values
}

export async function lossesAt(journal: Journal) {
  const losses: Pick<LossDeclaration, 'from' | 'to' | 'reason'>[] = []
  for (let from = journal.first; from < journal.next; ) {
    for (const { position, payload } of await journal.read(from)) {
      const record = decodeRecord(payload!)
      if (record.kind === 'loss') {
        const { from, to, reason } = decodeLoss(openSign1(record.bytes).payload)
        losses.push({ from, to, reason })
      }
      from = position + 1
    }
  }
  return losses
}

/** The same in order of value: two lanes arrive one between the other. */
export const storedValues = async (journal: Journal) => (await stored(journal)).toSorted((a, b) => a - b)
