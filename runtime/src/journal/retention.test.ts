import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Clock, systemClock } from '../clock.ts'
import { silentLog } from '../log.ts'
import { openJournal } from './file-journal.ts'
import { ForgetfulDisk } from './forgetful-disk.ts'
import type { Journal } from './journal.ts'
import { type Loss, reserveBytes } from './retention.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'farwatch-retention-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const payload = (i: number) => Buffer.from(`record ${i}`.padEnd(100, '.'))
const boundBytes = 16_000

/** A journal that drops, and what its owner was told. */
async function dropping(more: {
  ageMs?: number
  clock?: Clock
  disk?: ForgetfulDisk
  declare?: (loss: Loss, journal: Journal) => Promise<void>
}) {
  const told: Loss[] = []
  const journal: Journal = await openJournal({
    ...{ folder, log: silentLog, clock: more.clock ?? systemClock },
    files: (more.disk ?? new ForgetfulDisk(() => 0.5)).life(),
    bounds: {
      ...{ bytes: boundBytes, whenFull: 'drop-oldest', ageMs: more.ageMs ?? 1e12 },
      beforeDrop: async (loss) => {
        told.push(loss)
        await more.declare?.(loss, journal)
      },
    },
  })
  return { journal, told }
}

/** A clock whose wall time is set by hand; its repeated work runs when told to. */
function handClock(startMs: number) {
  const repeated = new Set<() => void>()
  let nowMs = startMs
  const clock: Clock = {
    ...systemClock,
    now: () => nowMs,
    every(_ms, work) {
      repeated.add(work)
      return () => repeated.delete(work)
    },
  }
  const set = (ms: number) => {
    nowMs = ms
    for (const work of repeated) work()
  }
  return { clock, set }
}

test('J1 drop-oldest: what does not fit pushes out whole oldest segments, declared first and readable until then', async () => {
  const readable: number[][] = []
  const disk = new ForgetfulDisk(() => 0.5)
  const { journal, told } = await dropping({
    disk,
    declare: async ({ from, to }) => {
      const entries = await journal.read(from, { records: to - from + 1 })
      readable.push(entries.filter(({ payload }) => payload !== undefined).map(({ position }) => position))
    },
  })
  const cursor = await journal.cursor('uplink')
  for (let i = 1; i <= 500; i++) expect(await journal.append(payload(i))).toBe(i)
  expect(journal.bytes).toBeLessThanOrEqual(boundBytes)
  // No more went than had to: one segment is a sixteenth.
  expect(journal.bytes).toBeGreaterThan(boundBytes * 0.8)
  expect(told.length).toBeGreaterThan(10)
  let expected = 1
  for (const [i, { from, to, reason }] of told.entries()) {
    expect({ from, reason }).toEqual({ from: expected, reason: 'bytes' })
    expect(readable[i]![0]).toBe(from)
    expected = to + 1
  }
  expect(journal.first).toBe(expected)
  expect(cursor.position).toBe(expected)
  expect(journal.dropped.records).toBe(expected - 1)
  expect(journal.dropped.bytes).toBeGreaterThan((expected - 1) * 100)
  await journal.close()
  const again = await dropping({ disk })
  expect((await again.journal.cursor('uplink')).position).toBe(expected)
  expect(again.journal.first).toBe(expected)
  await again.journal.close()
})

test('what every reader has passed goes without a declaration; a segment passed in part is declared in part', async () => {
  const { journal, told } = await dropping({})
  const cursor = await journal.cursor('uplink')
  for (let i = 1; i <= 100; i++) await journal.append(payload(i))
  cursor.advance(52)
  for (let i = 101; i <= 400; i++) await journal.append(payload(i))
  expect(told[0]!.from).toBe(52)
  await journal.close()
})

test('J1 nothing is dropped unless the declaration has succeeded; then the same range goes', async () => {
  let isBroken = true
  const { journal, told } = await dropping({
    declare: async () => {
      if (isBroken) throw new Error('the declaration cannot be written')
    },
  })
  await journal.cursor('uplink')
  const fill = async () => {
    for (let i = journal.next; i <= 400; i++) await journal.append(payload(i))
  }
  await expect(fill()).rejects.toMatchObject({ code: 'journal-full', retryable: true })
  expect(journal.first).toBe(1)
  expect(journal.problem).toContain('the declaration cannot be written')
  await expect(journal.append(payload(0))).rejects.toMatchObject({ code: 'journal-full' })
  expect(new Set(told.map((loss) => JSON.stringify(loss))).size).toBe(1)
  isBroken = false
  await fill()
  expect(journal.first).toBeGreaterThan(1)
  expect(journal.problem).toBeUndefined()
  expect(told.at(2)).toEqual(told[0])
  await journal.close()
})

test('J1 a crash in the middle of a declaration: after it the same range is declared again, then goes', async () => {
  const disk = new ForgetfulDisk(() => 0.5)
  const begun = Promise.withResolvers<Loss>()
  const first = await dropping({
    disk,
    declare: (loss) => {
      begun.resolve(loss)
      return new Promise(() => undefined)
    },
  })
  const cursor = await first.journal.cursor('uplink')
  void (async () => {
    for (let i = 1; ; i++) await first.journal.append(payload(i))
  })()
  const loss = await begun.promise
  // A receipt that comes meanwhile does not make another range of it.
  cursor.advance(4)
  disk.powerCut()
  const second = await dropping({ disk })
  expect(second.journal.first).toBe(1)
  await expect.poll(() => second.journal.first, { timeout: 10_000 }).toBe(loss.to + 1)
  expect(second.told).toEqual([loss])
  expect((await second.journal.cursor('uplink')).position).toBe(loss.to + 1)
  await second.journal.close()
})

test('J1 age: what is older goes, declared; a clock that jumps back keeps, and the newest record always stays', async () => {
  const hourMs = 3_600_000
  const startMs = 1_790_000_000_000
  const { clock, set } = handClock(startMs)
  const { journal, told } = await dropping({ clock, ageMs: 16 * hourMs })
  await journal.cursor('uplink')
  for (let hour = 0; hour < 16; hour++) {
    set(startMs + hour * hourMs)
    await journal.append(payload(hour + 1))
  }
  expect(journal.first).toBe(1)
  // Back by ten years and forth again: nothing goes for that.
  set(startMs - 10 * 365 * 24 * hourMs)
  await journal.append(payload(17))
  set(startMs + 15 * hourMs)
  await journal.append(payload(18))
  expect(journal.first).toBe(1)
  expect(told).toEqual([])
  set(startMs + 26 * hourMs)
  await expect.poll(() => journal.first, { timeout: 10_000 }).toBeGreaterThan(5)
  // Nothing younger than the bound went: records were written an hour apart.
  expect(journal.first).toBeLessThanOrEqual(11)
  expect(told.every(({ reason }) => reason === 'age')).toBe(true)
  set(startMs + 1_000 * hourMs)
  await expect.poll(() => journal.first, { timeout: 10_000 }).toBeGreaterThan(14)
  expect(journal.first).toBeLessThan(journal.next)
  expect((await journal.read(journal.next - 1))[0]!.position).toBe(18)
  await journal.close()
})

test('J1 a full disk: with drop-oldest the oldest make room, with refuse it says so and resumes by itself', async () => {
  const disk = new ForgetfulDisk(() => 0.5)
  disk.capacity = reserveBytes + 8_000
  const drops = await dropping({ disk })
  await drops.journal.cursor('uplink')
  for (let i = 1; i <= 300; i++) expect(await drops.journal.append(payload(i))).toBe(i)
  expect(drops.told.length).toBeGreaterThan(0)
  expect(drops.told.every(({ reason }) => reason === 'disk-full')).toBe(true)
  expect(drops.journal.problem).toBeUndefined()
  await drops.journal.close()

  const home = join(folder, 'refuse')
  const full = new ForgetfulDisk(() => 0.5)
  full.capacity = 8_000
  const journal = await openJournal({ folder: home, log: silentLog, files: full.life(), segmentBytes: 1_000 })
  const write = async () => {
    while (journal.next <= 100) await journal.append(payload(journal.next))
  }
  await expect(write()).rejects.toMatchObject({ code: 'journal-failed', retryable: true })
  expect(journal.problem).toContain('ENOSPC')
  const reached = journal.next
  full.capacity = 1_000_000
  await write()
  expect(journal.problem).toBeUndefined()
  expect(reached).toBeGreaterThan(10)
  const positions = (await journal.read(1, { records: 1_000 })).map(({ position }) => position)
  expect(positions.length).toBeGreaterThan(0)
  await journal.close()
})

test('a record larger than what may go is refused, and nothing is given up for it', async () => {
  const { journal, told } = await dropping({})
  await journal.cursor('uplink')
  for (let i = 1; i <= 20; i++) await journal.append(payload(i))
  await expect(journal.append(Buffer.alloc(boundBytes))).rejects.toMatchObject({ code: 'journal-full' })
  expect(told).toEqual([])
  expect(await journal.append(payload(21))).toBe(21)
  await journal.close()
})
