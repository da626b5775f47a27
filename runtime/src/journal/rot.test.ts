import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../log.ts'
import { openJournal } from './file-journal.ts'
import type { Journal } from './journal.ts'
import { headerBytes, recordOverhead } from './segment-format.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'farwatch-rot-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const name = (first: number) => join(folder, `${String(first).padStart(16, '0')}.log`)
const options = () => ({ folder, log: silentLog })

async function flip(path: string, ...offsets: number[]): Promise<void> {
  const content = await readFile(path)
  for (const offset of offsets) content[offset]! ^= 0x55
  await writeFile(path, content)
}

/** Content by position; `-` where it is damaged. */
async function all(journal: Journal): Promise<string[]> {
  const found: string[] = []
  for (let from = journal.first; from < journal.next; ) {
    const entries = await journal.read(from, { records: 3 })
    for (const { position, payload } of entries) {
      expect(position).toBe(from++)
      found.push(payload === undefined ? '-' : Buffer.from(payload).toString())
    }
  }
  return found
}

async function write(count: number, segmentBytes?: number): Promise<void> {
  const journal = await openJournal({ ...options(), ...(segmentBytes ? { segmentBytes } : {}) })
  for (let i = 1; i <= count; i++) await journal.append(Buffer.from(`record ${i}`))
  await journal.close()
}

const frameBytes = recordOverhead + 'record 1'.length
const startOf = (position: number) => headerBytes + (position - 1) * frameBytes
const expected = (count: number, ...damaged: number[]) =>
  Array.from({ length: count }, (_, i) => (damaged.includes(i + 1) ? '-' : `record ${i + 1}`))

test.each([
  ['payload', recordOverhead + 2],
  ['length', 0],
  ['length, far too large', 3],
  ['checksum', 5],
  ['mark', 9],
  ['position', 12],
])('J1 rot in the last segment damages one record, and those behind it stay (%s)', async (_what, offset) => {
  await write(9)
  const { size } = await stat(name(1))
  await flip(name(1), startOf(4) + offset)
  const journal = await openJournal(options())
  expect(journal.next).toBe(10)
  expect(await all(journal)).toEqual(expected(9, 4))
  expect(journal.damaged).toBe(1)
  expect(await all(journal)).toEqual(expected(9, 4))
  expect(journal.damaged).toBe(1)
  expect(await journal.append(Buffer.from('record 10'))).toBe(10)
  await journal.close()
  expect((await stat(name(1))).size).toBeGreaterThan(size)
  const aside = (await readdir(folder)).filter((one) => one.endsWith('.damaged'))
  expect(aside).toEqual(['0000000000000001.log.4-5.damaged'])
  expect((await stat(join(folder, aside[0]!))).size).toBe(frameBytes)
})

test('J1 rot in an older segment, found while reading, is told and passed by', async () => {
  await write(60, 200)
  await flip(name(1), startOf(2) + 1, startOf(3) + 1, startOf(4) + recordOverhead)
  const journal = await openJournal(options())
  const [, second] = await journal.read(1, { records: 2 })
  expect(second).toEqual({ position: 2, payload: undefined, damaged: { first: 2, next: 5 } })
  expect(await all(journal)).toEqual([
    ...expected(4, 2, 3, 4),
    ...Array.from({ length: 56 }, (_, i) => `record ${i + 5}`),
  ])
  expect(journal.damaged).toBe(3)
  await journal.close()
})

test('a header that has rotted costs nothing but itself', async () => {
  await write(60, 200)
  await flip(name(1), 0, 9, 25)
  const journal = await openJournal(options())
  expect(await all(journal)).toEqual(expected(60))
  expect(journal.damaged).toBe(0)
  await journal.close()
})

test('an old segment that has rotted from its beginning is one hole, and what follows is read', async () => {
  await write(60, 200)
  const content = await readFile(name(1))
  await writeFile(name(1), Buffer.alloc(content.length))
  const journal = await openJournal(options())
  const second = (await journal.read(1))[0]
  expect(second!.payload).toBeUndefined()
  const read = await all(journal)
  const lost = read.filter((one) => one === '-').length
  expect(lost).toBeGreaterThan(1)
  expect(read.slice(lost)).toEqual(expected(60).slice(lost))
  expect(journal.damaged).toBe(lost)
  await journal.close()
})

test('a last segment whose beginning nobody can read is not begun anew over acknowledged positions', async () => {
  await write(3)
  await writeFile(name(1), Buffer.alloc(500))
  await expect(openJournal(options())).rejects.toMatchObject({ code: 'journal-damaged' })
})

test('F3 J1 a torn group is cut off, its whole records too, for nobody was told of them; it is kept aside', async () => {
  await write(3)
  const journal = await openJournal(options())
  await Promise.all([4, 5, 6].map((i) => journal.append(Buffer.from(`record ${i}`))))
  await journal.close()
  const { size } = await stat(name(1))
  // Of the last group's three records the first never reached the disk: the fsync cannot have succeeded.
  await flip(name(1), startOf(4) + recordOverhead)
  const repaired = await openJournal(options())
  expect(repaired.next).toBe(4)
  expect(await all(repaired)).toEqual(expected(3))
  expect(repaired.damaged).toBe(0)
  expect(await repaired.append(Buffer.from('record 4'))).toBe(4)
  await repaired.close()
  expect((await stat(`${name(1)}.4.torn`)).size).toBe(size - startOf(4))
})

test('the same damage before a later group is rot: that group was only written after an fsync', async () => {
  await write(3)
  let journal = await openJournal(options())
  await Promise.all([4, 5, 6].map((i) => journal.append(Buffer.from(`record ${i}`))))
  await journal.append(Buffer.from('record 7'))
  await journal.close()
  await flip(name(1), startOf(4) + recordOverhead)
  journal = await openJournal(options())
  expect(await all(journal)).toEqual(expected(7, 4))
  await journal.close()
})

test('a payload that imitates records is not taken for them when its length has rotted', async () => {
  const journal = await openJournal(options())
  // What a sender could know: the layout and, roughly, the positions.
  const forged = Array.from({ length: 20 }, (_, i) => {
    const head = Buffer.alloc(recordOverhead)
    head.writeUInt32LE(6, 0)
    head.writeUInt32LE(i, 12)
    const payload = Buffer.from('forged')
    head.writeUInt32LE(crc32(payload, crc32(head.subarray(8))), 4)
    return Buffer.concat([head, payload])
  })
  await journal.append(Buffer.concat(forged))
  await journal.append(Buffer.from('real'))
  await journal.close()
  await flip(name(1), headerBytes)
  const again = await openJournal(options())
  expect(await all(again)).toEqual(['-', 'real'])
  await again.close()
})

test('a journal of the first version is read, rot and all, and goes on in the second', async () => {
  const frame = (position: number, payload: Buffer) => {
    const at = Buffer.alloc(8)
    at.writeBigUInt64LE(BigInt(position))
    const head = Buffer.alloc(8)
    head.writeUInt32LE(payload.length, 0)
    head.writeUInt32LE(crc32(payload, crc32(at)), 4)
    return Buffer.concat([head, payload])
  }
  const header = Buffer.alloc(16)
  header.write('FWJ1')
  header.writeBigUInt64LE(1n, 8)
  const records = [1, 2, 3, 4].map((i) => frame(i, Buffer.from(`record ${i}`)))
  await writeFile(name(1), Buffer.concat([header, ...records, Buffer.from('torn')]))
  await flip(name(1), 16 + 16 + 9)
  let journal = await openJournal(options())
  expect(await journal.append(Buffer.from('record 5'))).toBe(5)
  await journal.close()
  journal = await openJournal(options())
  expect(await all(journal)).toEqual(expected(5, 2))
  await journal.close()
  expect((await readFile(name(5))).toString('latin1', 0, 4)).toBe('FWJ2')
})
