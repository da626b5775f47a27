import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { openBatch } from '@farwatch/evidence'
import { openJournal, silentLog, systemClock } from '@farwatch/runtime'
import { expect, onTestFinished, test } from 'vitest'
import { openAnswered } from './answered.ts'
import { type BatcherOptions, createBatcher, type StampedReading } from './batcher.ts'
import { openMarker } from './copying.ts'
import { steppedClock, temporaryFolder, testKey } from './testing.ts'

const clock = systemClock
const log = silentLog

async function openIn(folder: string, options: Partial<BatcherOptions> = {}) {
  const journal = await openJournal({ folder, log })
  const answered = await openAnswered({ journal, folder, clock, log })
  const marker = await openMarker(folder)
  const batcher = await createBatcher({
    ...{ gateway: 'GW-1', key: testKey, clock, log, lingerMs: 1, answered, marker },
    ...{ journal, ...options },
  })
  onTestFinished(async () => {
    await answered.close()
    await journal.close()
  })
  return { journal, answered, marker, batcher }
}

const reading = (value: number, quality = 0): StampedReading => ({
  ...{ point: 'S/d/m', timeMs: value, timeSource: 'device', value, quality },
})

/** What still goes to the centre: chain, sequence and value of each batch without an answer. */
async function waiting({
  journal,
  answered,
}: Pick<Awaited<ReturnType<typeof openIn>>, 'journal' | 'answered'>) {
  const found: { chain: string; seq: number; value: number }[] = []
  for (const { position, payload } of await journal.read(1)) {
    if (payload === undefined || answered.has(position)) continue
    const { header, readings } = openBatch(payload)
    found.push({ chain: header.chain, seq: header.seq, value: readings.values[0]! })
  }
  return found
}

test('J2 a chain that cannot go on is sealed again once each, wherever a crash ends it', async () => {
  const values = [3, 4, 7, 8, 9, 10]
  for (let crashAfter = 0; crashAfter <= values.length; crashAfter++) {
    const home = await temporaryFolder('reseal')
    const folder = join(home, 'journal')
    let left = Number.POSITIVE_INFINITY
    const hung = Promise.withResolvers<void>()
    const first = await openIn(folder)
    const append = first.journal.append.bind(first.journal)
    first.journal.append = (payload) => {
      if (left-- > 0) return append(payload)
      hung.resolve()
      return new Promise(() => undefined)
    }
    for (let value = 1; value <= 10; value++) await first.batcher.add([reading(value)])
    first.answered.add({ from: 1, until: 3 })
    first.answered.add({ from: 5, until: 7 })
    left = crashAfter
    const resealed = first.batcher.reseal(3)
    await Promise.race([hung.promise, resealed])
    // The disk as a kill -9 at this moment would leave it: cursors and answers of the last second are not there.
    const copy = join(home, 'copy')
    await cp(folder, copy, { recursive: true })
    const second = await openIn(copy)
    await second.batcher.add([reading(11)])
    const sent = await waiting(second)
    expect(sent.map(({ value }) => value)).toEqual([...values, 11])
    expect(new Set(sent.map(({ chain }) => chain)).size).toBe(1)
    expect(sent.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(second.marker.copying).toBeUndefined()
    await second.batcher.stop()
  }
}, 30_000)

test('J3 an urgent reading closes its batch at once, others wait out the linger', async () => {
  const stepped = steppedClock()
  const folder = await temporaryFolder('linger')
  const isUrgent = ({ value }: StampedReading) => value! > 100
  const { batcher, journal } = await openIn(folder, { clock: stepped, lingerMs: 5_000, isUrgent })
  let stored = false
  const calm = batcher.add([reading(1)]).then(() => {
    stored = true
  })
  stepped.step(4_999)
  expect(journal.next).toBe(1)
  stepped.step(1)
  await calm
  expect(stored).toBe(true)
  const alongside = batcher.add([reading(2)])
  await batcher.add([reading(200)])
  await alongside
  expect(journal.next).toBe(3)
  const later = batcher.add([reading(3)])
  // One that is urgent from the start does not wait for a timer either.
  await batcher.add([reading(300)])
  await later
  await batcher.stop()
})
