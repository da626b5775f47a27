import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../log.ts'
import { notRun, type PeerTestContext } from '../testing/peers.ts'
import { openJournal } from './file-journal.ts'
import type { Journal } from './journal.ts'
import type { Loss } from './retention.ts'

const diskBytes = 2 * 1024 * 1024
let folder: string
let unmount: () => void = () => undefined
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'farwatch-full-'))
})
afterEach(async () => {
  unmount()
  unmount = () => undefined
  await rm(folder, { recursive: true, force: true })
})

/** A real file system of two megabytes. */
function mountSmall(context: PeerTestContext): void {
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'tmpfs', folder])
  if (mounted.status !== 0) notRun(context, 'a small file system cannot be mounted here (that takes root)')
  unmount = () => spawnSync('umount', ['--lazy', folder])
}

const payload = (position: number) => Buffer.from(`record ${position} `.padEnd(4_000, 'x'))

async function append(journal: Journal, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await journal.append(payload(journal.next))
}

async function check(journal: Journal): Promise<void> {
  for (let from = journal.first; from < journal.next; ) {
    for (const entry of await journal.read(from)) {
      expect(entry.position).toBe(from++)
      expect(Buffer.compare(entry.payload!, payload(entry.position))).toBe(0)
    }
  }
}

test('J1 F3 a file system that is really full: appends are refused and said why, then taken again without a restart', async (context) => {
  mountSmall(context)
  const options = { folder: join(folder, 'journal'), log: silentLog, segmentBytes: 200_000 }
  const other = join(folder, 'someone-elses')
  await writeFile(other, Buffer.alloc(diskBytes / 2))
  let journal = await openJournal(options)
  await expect(append(journal, 1_000)).rejects.toMatchObject({ code: 'journal-failed', retryable: true })
  expect(journal.problem).toContain('ENOSPC')
  const reached = journal.next
  expect(reached).toBeGreaterThan(50)
  await rm(other)
  await append(journal, 100)
  expect(journal.problem).toBeUndefined()
  await check(journal)
  await journal.close()
  journal = await openJournal(options)
  expect(journal.next).toBe(reached + 100)
  await check(journal)
  await journal.close()
})

test('J1 a full file system on which every reader is done frees itself: the cursors find the room kept for them', async (context) => {
  mountSmall(context)
  const options = { folder: join(folder, 'journal'), log: silentLog, segmentBytes: 200_000 }
  const journal = await openJournal(options)
  const cursor = await journal.cursor('writer')
  await expect(append(journal, 1_000)).rejects.toMatchObject({ code: 'journal-failed' })
  cursor.advance(journal.next)
  await expect.poll(() => journal.first, { timeout: 15_000 }).toBeGreaterThan(100)
  await append(journal, 100)
  await check(journal)
  await journal.close()
})

test('J1 drop-oldest on a full file system: the declaration finds room, the oldest go, appends go on', async (context) => {
  mountSmall(context)
  const told: Loss[] = []
  const journal = await openJournal({
    ...{ folder: join(folder, 'journal'), log: silentLog },
    bounds: {
      ...{ bytes: 4 * diskBytes, whenFull: 'drop-oldest' },
      beforeDrop: async (loss) => {
        told.push(loss)
        await writeFile(join(folder, 'declarations'), JSON.stringify(told), { flush: true })
      },
    },
    segmentBytes: 200_000,
  })
  const cursor = await journal.cursor('uplink')
  for (let i = 1; i <= 1_500; i++) expect(await journal.append(payload(i))).toBe(i)
  expect(told.length).toBeGreaterThan(3)
  expect(told.every(({ reason }) => reason === 'disk-full')).toBe(true)
  expect(told[0]!.from).toBe(1)
  for (const [i, { from }] of told.slice(1).entries()) expect(from).toBe(told[i]!.to + 1)
  expect(journal.first).toBe(told.at(-1)!.to + 1)
  expect(cursor.position).toBe(journal.first)
  await check(journal)
  await journal.close()
})
