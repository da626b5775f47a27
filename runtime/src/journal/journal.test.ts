import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FarwatchError } from '@farwatch/model'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../log.ts'
import { openJournal } from './file-journal.ts'
import { ForgetfulDisk } from './forgetful-disk.ts'
import type { Journal } from './journal.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'farwatch-journal-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const text = (bytes: Uint8Array | undefined) => (bytes ? Buffer.from(bytes).toString() : 'damaged')
const bytes = (content: string) => new TextEncoder().encode(content)

async function all(journal: Journal): Promise<string[]> {
  const found: string[] = []
  for (let from = journal.first; from < journal.next; ) {
    const records = await journal.read(from, { records: 7 })
    found.push(...records.map(({ payload }) => text(payload)))
    from = records.at(-1)!.position + 1
  }
  return found
}

test('records come back in order, across segments and reopening', async () => {
  const options = { folder, log: silentLog, segmentBytes: 200 }
  let journal = await openJournal(options)
  const positions = await Promise.all(Array.from({ length: 100 }, (_, i) => journal.append(bytes(`r${i}`))))
  expect(positions).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
  for (let i = 100; i < 130; i++) await journal.append(bytes(`r${i}`))
  await journal.close()
  journal = await openJournal(options)
  expect(await all(journal)).toEqual(Array.from({ length: 130 }, (_, i) => `r${i}`))
  expect(await journal.append(bytes('next'))).toBe(131)
  expect((await readdir(folder)).filter((name) => name.endsWith('.log')).length).toBeGreaterThan(1)
  await journal.close()
})

test('a follower gets what is there, then what comes, and ends on abort', async () => {
  const journal = await openJournal({ folder, log: silentLog })
  await journal.append(bytes('a'))
  const abort = new AbortController()
  const seen: string[] = []
  const done = (async () => {
    for await (const records of journal.follow(1, abort.signal)) {
      seen.push(...records.map(({ payload }) => text(payload)))
      if (seen.length === 1) void journal.append(bytes('b'))
      if (seen.length === 2) abort.abort()
    }
  })()
  await done
  expect(seen).toEqual(['a', 'b'])
  await journal.close()
})

test('a reader is not confused by what is appended while it waits for the disk', async () => {
  const disk = new ForgetfulDisk(() => 0.5)
  const journal = await openJournal({ folder, log: silentLog, files: disk, tailBytes: 0 })
  await journal.append(bytes('a'))
  disk.beforeRead = () => journal.append(bytes('b'))
  expect((await journal.read(1)).map(({ payload }) => text(payload))).toEqual(['a'])
  expect(await all(journal)).toEqual(['a', 'b'])
  await journal.close()
})

test('segments that every cursor has passed are deleted; the bound refuses, nothing is overwritten', async () => {
  const journal = await openJournal({
    folder,
    log: silentLog,
    segmentBytes: 1_000,
    bounds: { bytes: 5_000, whenFull: 'refuse' as const },
  })
  const cursor = await journal.cursor('reader')
  const payload = new Uint8Array(100)
  let written = 0
  const fill = async () => {
    for (;;) {
      try {
        await journal.append(payload)
        written++
      } catch (error) {
        return error as FarwatchError
      }
    }
  }
  expect((await fill()).code).toBe('journal-full')
  expect(journal.first).toBe(1)
  expect(journal.bytes).toBeLessThanOrEqual(5_000)
  cursor.advance(journal.next)
  await expect.poll(() => journal.first, { timeout: 10_000 }).toBeGreaterThan(1)
  expect((await fill()).code).toBe('journal-full')
  expect(journal.next).toBe(written + 1)
  expect(() => cursor.advance(1)).toThrow(FarwatchError)
  await journal.close()
})

test('a full journal whose readers were done when it was closed has room after reopening', async () => {
  const options = {
    folder,
    log: silentLog,
    segmentBytes: 1_000,
    bounds: { bytes: 5_000, whenFull: 'refuse' as const },
  }
  let journal = await openJournal(options)
  const cursor = await journal.cursor('reader')
  const payload = new Uint8Array(100)
  await expect(
    (async () => {
      for (;;) await journal.append(payload)
    })(),
  ).rejects.toMatchObject({ code: 'journal-full' })
  const end = journal.next
  cursor.advance(end)
  await journal.close()
  journal = await openJournal(options)
  expect(await journal.append(payload)).toBe(end)
  await journal.close()
})

test('several readers of an old segment read each part of it once, not from its beginning each time', async () => {
  const disk = new ForgetfulDisk(() => 0.5)
  const options = { folder, log: silentLog, files: disk, segmentBytes: 1_000_000 }
  let journal = await openJournal(options)
  const count = 40_000
  await Promise.all(Array.from({ length: count }, () => journal.append(new Uint8Array(100))))
  await journal.append(new Uint8Array(0))
  await journal.close()
  journal = await openJournal(options)
  const before = disk.bytesRead
  for (let from = 1; from < count; from += 400) {
    for (const _reader of ['writer', 'rules']) await journal.read(from, { records: 400 })
  }
  // Read-ahead is generous, but bounded: each of the 200 reads takes at most one of 256 kB and a part of another.
  expect(disk.bytesRead - before).toBeLessThan(200 * 300_000)
  await journal.close()
})

test('a reader that is no more keeps nothing from being deleted', async () => {
  const options = { folder, log: silentLog, segmentBytes: 1_000 }
  let journal = await openJournal(options)
  const cursor = await journal.cursor('reader')
  await journal.cursor('gone')
  for (let i = 0; i < 50; i++) await journal.append(new Uint8Array(100))
  cursor.advance(journal.next)
  await journal.close()
  journal = await openJournal(options)
  expect(journal.first).toBe(1)
  await journal.forgetCursors((name) => name === 'gone')
  expect(journal.first).toBeGreaterThan(1)
  const { first } = journal
  await journal.close()
  journal = await openJournal(options)
  expect(journal.first).toBe(first)
  expect((await journal.cursor('reader')).position).toBe(journal.next)
  await journal.close()
})

test('a cursor is where it was after reopening, at the latest place that was saved', async () => {
  let journal = await openJournal({ folder, log: silentLog })
  await Promise.all([1, 2, 3].map((i) => journal.append(bytes(String(i)))))
  const cursor = await journal.cursor('writer')
  expect(cursor.position).toBe(1)
  cursor.advance(3)
  await journal.close()
  journal = await openJournal({ folder, log: silentLog })
  expect((await journal.cursor('writer')).position).toBe(3)
  await journal.close()
})

test('a follower without a cursor goes on at the first record when its segment goes under it', async () => {
  const disk = new ForgetfulDisk(() => 0.5)
  const journal = await openJournal({
    folder,
    log: silentLog,
    files: disk,
    segmentBytes: 1_000,
    tailBytes: 0,
  })
  const cursor = await journal.cursor('reader')
  for (let i = 0; i < 60; i++) await journal.append(bytes(`record ${i}`))
  disk.beforeRead = async () => {
    cursor.advance(journal.next)
    await expect.poll(() => journal.first, { timeout: 10_000 }).toBeGreaterThan(1)
  }
  const abort = new AbortController()
  for await (const [entry] of journal.follow(1, abort.signal)) {
    expect(entry!.position).toBe(journal.first)
    expect(entry!.position).toBeGreaterThan(1)
    abort.abort()
  }
  await journal.close()
})

test('F3 kill -9 in the middle of appending: everything acknowledged is there, in order', async () => {
  const script = `
    import { openJournal } from ${JSON.stringify(new URL('./file-journal.ts', import.meta.url).href)}
    import { silentLog } from ${JSON.stringify(new URL('../log.ts', import.meta.url).href)}
    const journal = await openJournal({ folder: ${JSON.stringify(folder)}, log: silentLog })
    for (let i = 0; ; i++) journal.append(Buffer.from('x' + i)).then((p) => process.stdout.write(p + '\\n')), i % 50 === 49 && await new Promise(setImmediate)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (output.length > 20_000) child.kill('SIGKILL')
    })
    child.on('exit', () => resolve())
  })
  const last = Math.max(...output.slice(0, output.lastIndexOf('\n')).split('\n').map(Number))
  expect(last).toBeGreaterThan(1_000)
  const journal = await openJournal({ folder, log: silentLog })
  expect(journal.next).toBeGreaterThan(last)
  expect((await all(journal)).slice(0, last)).toEqual(Array.from({ length: last }, (_, i) => `x${i}`))
  await journal.close()
})
