import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../log.ts'
import { openArchive, readKept } from './archive.ts'
import { openJournal } from './file-journal.ts'
import { ForgetfulDisk } from './forgetful-disk.ts'
import type { JournalEntry } from './journal.ts'
import { reserveBytes } from './retention.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'farwatch-archive-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const content = (position: number) => `original ${position} `.padEnd(80, 'x')
const append = async (
  journal: { next: number; append(payload: Uint8Array): Promise<number> },
  count: number,
) => {
  for (let i = 0; i < count; i++) await journal.append(Buffer.from(content(journal.next)))
}

async function listOf(entries: AsyncIterable<JournalEntry>): Promise<[number, string][]> {
  const found: [number, string][] = []
  for await (const { position, payload } of entries)
    found.push([position, payload ? Buffer.from(payload).toString() : '-'])
  return found
}

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i): [number, string] => [from + i, content(from + i)])

/** Waits until every segment whose records all stand before `cursor` has left the journal. */
async function settled(journal: { readonly first: number }, cursor: number): Promise<void> {
  const state = async () => {
    const names = (await readdir(join(folder, 'journal'))).filter((name) => name.endsWith('.log'))
    const [first, second] = names.map((name) => Number.parseInt(name, 10)).sort((a, b) => a - b)
    return first === journal.first && (second ?? Infinity) > cursor
  }
  await expect.poll(state, { timeout: 10_000 }).toBe(true)
}

test('J1 J4 trimmed segments are kept in the archive, and a range is read across archive and journal', async () => {
  const home = join(folder, 'archive')
  const options = { folder: join(folder, 'journal'), archive: home, log: silentLog, segmentBytes: 1_000 }
  const journal = await openJournal(options)
  const cursor = await journal.cursor('writer')
  await append(journal, 60)
  cursor.advance(40)
  await settled(journal, 40)
  expect(journal.first).toBeGreaterThan(20)
  const archive = openArchive(home)
  const ranges = await archive.ranges()
  expect(ranges[0]!.first).toBe(1)
  for (const [i, { next }] of ranges.slice(0, -1).entries()) expect(ranges[i + 1]!.first).toBe(next)
  expect(ranges.at(-1)!.next).toBe(journal.first)
  expect(await listOf(archive.read(1, 1_000))).toEqual(range(1, journal.first - 1))
  expect(await listOf(archive.read(5, 5))).toEqual(range(5, 5))
  expect(await listOf(readKept({ journal, archive }, 3, 57))).toEqual(range(3, 57))
  expect(await listOf(readKept({ journal, archive }, 1, 1_000))).toEqual(range(1, 60))
  // Trimmed in the middle of reading: nothing is missed, nothing comes twice.
  const reading: [number, string][] = []
  for await (const { position, payload } of readKept({ journal, archive }, 1, 60)) {
    reading.push([position, Buffer.from(payload!).toString()])
    if (position !== journal.first) continue
    cursor.advance(60)
    await settled(journal, 60)
    expect(journal.first).toBeGreaterThan(50)
  }
  expect(reading).toEqual(range(1, 60))
  await journal.close()
})

test('an archived file that has rotted gives its positions as damaged; the others are read', async () => {
  const home = join(folder, 'archive')
  const options = { folder: join(folder, 'journal'), archive: home, log: silentLog, segmentBytes: 1_000 }
  const journal = await openJournal(options)
  const cursor = await journal.cursor('writer')
  await append(journal, 60)
  cursor.advance(61)
  await settled(journal, 61)
  const [name] = (await readdir(home)).sort()
  const packed = await readFile(join(home, name!))
  packed[packed.length >> 1]! ^= 4
  await writeFile(join(home, name!), packed)
  const archive = openArchive(home)
  const { next } = (await archive.ranges())[0]!
  const last = journal.first - 1
  const read = await listOf(archive.read(1, last))
  expect(read.slice(0, next - 1).every(([, text]) => text === '-')).toBe(true)
  expect(read.slice(next - 1)).toEqual(range(next, last))
  await journal.close()
})

test('the oldest files go when the archive is too large, and only they', async () => {
  const disk = new ForgetfulDisk(() => 0.5)
  const log = silentLog
  const journal = await openJournal({
    ...{ folder: join(folder, 'journal'), archive: join(folder, 'archive'), log, segmentBytes: 1_000 },
    ...{ archiveBounds: { bytes: 600 }, files: disk.life() },
  })
  const cursor = await journal.cursor('writer')
  await append(journal, 100)
  cursor.advance(101)
  await expect.poll(() => journal.first, { timeout: 10_000 }).toBeGreaterThan(80)
  const archive = openArchive(join(folder, 'archive'), disk)
  await expect.poll(async () => (await archive.ranges())[0]!.first, { timeout: 10_000 }).toBeGreaterThan(1)
  const first = (await archive.ranges())[0]!.first
  expect(await listOf(readKept({ journal, archive }, 1, 100))).toEqual(range(first, 100))
  await journal.close()
})

test('J1 a disk too full for the archive throws no original away; the journal goes on, then trims by itself', async () => {
  const disk = new ForgetfulDisk(() => 0.5)
  const journal = await openJournal({
    ...{ folder: join(folder, 'journal'), archive: join(folder, 'archive'), files: disk.life() },
    ...{ log: silentLog, segmentBytes: 1_000, bounds: { bytes: 12_000, whenFull: 'refuse' } },
  })
  const cursor = await journal.cursor('writer')
  await append(journal, 50)
  // Room for records and cursors, not for compressed segments.
  disk.capacity = reserveBytes + journal.bytes + 60
  cursor.advance(51)
  await expect.poll(() => journal.problem, { timeout: 10_000 }).toContain('ENOSPC')
  expect(journal.first).toBe(1)
  disk.capacity = reserveBytes + 100_000
  await append(journal, 10)
  cursor.advance(52)
  await expect.poll(() => journal.first, { timeout: 10_000 }).toBeGreaterThan(40)
  await expect.poll(() => journal.problem, { timeout: 10_000 }).toBeUndefined()
  const archive = openArchive(join(folder, 'archive'), disk)
  expect(await listOf(readKept({ journal, archive }, 1, 60))).toEqual(range(1, 60))
  await journal.close()
})

test('an archive that holds other originals of the same positions keeps both', async () => {
  const home = join(folder, 'archive')
  for (const life of ['a', 'b']) {
    const options = { folder: join(folder, life), archive: home, log: silentLog, segmentBytes: 500 }
    const journal = await openJournal(options)
    const cursor = await journal.cursor('writer')
    for (let i = 0; i < 10; i++) await journal.append(Buffer.from(`${life} ${i}`.padEnd(80)))
    cursor.advance(11)
    await expect.poll(() => journal.first, { timeout: 10_000 }).toBeGreaterThan(1)
    await journal.close()
  }
  expect((await readdir(home)).filter((name) => name.endsWith('.other'))).not.toEqual([])
  const [first] = await listOf(openArchive(home).read(1, 1))
  expect(first![1]).toContain('b 0')
})
