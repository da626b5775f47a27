import { cpSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadIdentity, openSpool } from '@farwatch/gateway/uplink'
import { Credentials, startIntake } from '@farwatch/ingest'
import { decodeRecord, seriesOf } from '@farwatch/model'
import { createMetrics, type Journal, openJournal, silentLog, systemClock } from '@farwatch/runtime'
import { ForgetfulDisk } from '@farwatch/runtime/testing'
import { expect, test } from 'vitest'
import { closedPort } from './command.ts'
import { randomFrom } from './soak/faults/random.ts'
import { Wire } from './soak/faults/wire.ts'

/** kill -9 leaves the page cache; a power cut does not. Both journals stand on a disk that drops what was not synced. */

const cuts = 10
const burst = 25

test('J3 power cuts of gateway and centre at any moment lose nothing that was acknowledged and double nothing', async () => {
  const seed = Date.now() % 1_000_003
  console.log(`power cut seed ${seed}`)
  const random = randomFrom(seed)
  const home = await mkdtemp(join(tmpdir(), 'farwatch-power-'))
  const disks = { gateway: new ForgetfulDisk(random), centre: new ForgetfulDisk(random) }
  const credentials = await Credentials.open(join(home, 'credentials.json'))
  const password = await credentials.enrolGateway('GW-1')
  const acknowledged = new Set<number>()
  let measured = 0

  const port = await closedPort()
  const wire = await Wire.open(port)

  /** What intake keeps beside its journal; a new folder a life, as a dead one writes on for a moment. */
  let keptAt = join(home, 'centre-0')
  await mkdir(keptAt)

  const openCentre = async () => {
    const folder = join(home, 'centre')
    const journal = await openJournal({ folder, log: silentLog, files: disks.centre.life() })
    const deps = { clock: systemClock, log: silentLog, metrics: createMetrics(), journal, credentials }
    const intake = await startIntake(
      { host: '127.0.0.1', port },
      { ...deps, registry: { sites: [] }, home: keptAt },
    )
    return { journal, stop: () => Promise.allSettled([intake.stop().then(() => journal.close())]) }
  }

  const openGateway = async () => {
    const folder = join(home, 'gateway')
    const spool = await openSpool({
      ...{ gateway: 'GW-1', identity: await loadIdentity(folder), password, home: folder },
      ...{ url: `mqtt://127.0.0.1:${wire.port}`, files: disks.gateway.life() },
      ...{ clock: systemClock, log: silentLog, lingerMs: 1, links: () => [] },
    })
    let alive = true
    return {
      waiting: () => spool.waiting(),
      async measure(): Promise<void> {
        const adding: Promise<unknown>[] = []
        for (let i = 0; i < burst; i++) {
          const n = measured++
          const reading = { point: 'S/d/m', timeMs: 1_795_000_000_000 + n, value: n, quality: 0 }
          const add = spool.add([{ ...reading, timeSource: 'device' }])
          adding.push(
            add.then(
              () => alive && acknowledged.add(n),
              () => undefined,
            ),
          )
        }
        await Promise.all(adding)
      },
      /** From here on nobody hears of this life any more. */
      die() {
        alive = false
      },
      stop: () => spool.stop().catch(() => undefined),
    }
  }

  let centre = await openCentre()
  let gateway = await openGateway()
  try {
    for (let cut = 0; cut < cuts; cut++) {
      void gateway.measure()
      await systemClock.sleep(random() * 120)
      void gateway.measure()
      await systemClock.sleep(random() * 8)
      const which = random()
      const [ofGateway, ofCentre] = [which < 0.7, which > 0.4]
      // In one turn of the event loop: nothing that a side does after its end reaches anybody, or its disk.
      wire.refuse()
      if (ofGateway) gateway.die()
      if (ofGateway) disks.gateway.powerCut()
      if (ofCentre) {
        disks.centre.powerCut()
        const before = keptAt
        keptAt = join(home, `centre-${cut + 1}`)
        cpSync(before, keptAt, { recursive: true })
      }
      if (ofGateway) await gateway.stop()
      if (ofCentre) await centre.stop()
      if (ofCentre) centre = await openCentre()
      wire.heal()
      if (ofGateway) gateway = await openGateway()
    }
    await gateway.measure()
    await expect.poll(() => gateway.waiting(), { timeout: 60_000 }).toBe(0)
    const values = await stored(centre.journal)
    expect(new Set(values).size, `seed ${seed}: doubles`).toBe(values.length)
    const there = new Set(values)
    expect(
      [...acknowledged].filter((n) => !there.has(n)),
      `seed ${seed}: lost`,
    ).toEqual([])
    expect(acknowledged.size).toBeGreaterThan(burst)
  } finally {
    await gateway.stop()
    await wire.close()
    await centre.stop()
    await rm(home, { recursive: true, force: true })
  }
}, 120_000)

async function stored(journal: Journal): Promise<number[]> {
  const values: number[] = []
  for (let from = journal.first; from < journal.next; ) {
    const records = await journal.read(from)
    for (const { payload } of records) {
      if (payload === undefined) throw new Error('a record of the journal is damaged')
      for (const { values: some } of seriesOf(decodeRecord(payload))) values.push(...some)
    }
    from = records.at(-1)!.position + 1
  }
  return values
}
