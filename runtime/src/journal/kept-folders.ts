import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { FarwatchError } from '@farwatch/model'
import { openArchive } from './archive.ts'
import type { JournalFile } from './file-layer.ts'
import type { JournalEntry } from './journal.ts'
import { firstOfName, Segment } from './segment.ts'

const readBytes = 4 * 1024 * 1024

/**
 * Entries from `from` on out of the folders of a journal and its archive, beside the process that writes there: nothing
 * is locked, written or repaired, and a record that is not whole yet is not there yet. Positions that neither folder keeps
 * are left out. Holds one segment of the archive in memory.
 */
export async function* readKeptFolders(
  { journal, archive }: { journal: string; archive: string },
  from = 1,
): AsyncGenerator<JournalEntry> {
  let position = from
  for (;;) {
    const firsts = await segmentsIn(journal)
    const oldest = firsts[0] ?? Number.MAX_SAFE_INTEGER
    if (position < oldest && (await hasFiles(archive))) {
      for await (const entry of openArchive(archive).read(position, oldest - 1)) {
        yield entry
        position = entry.position + 1
      }
    }
    if (firsts.length === 0) return
    position = Math.max(position, oldest)
    const index = firsts.findLastIndex((first) => first <= position)
    const [first, next] = [firsts[index]!, firsts[index + 1]]
    const path = join(journal, `${String(first).padStart(16, '0')}.log`)
    const file = await openToRead(path)
    // It has gone into the archive meanwhile.
    if (file === undefined) continue
    try {
      for await (const entry of entriesOf(file, { path, first, next, from: position })) {
        yield entry
        position = entry.position + 1
      }
    } finally {
      await file.close()
    }
    if (next === undefined) return
    position = next
  }
}

async function* entriesOf(
  file: JournalFile,
  { path, first, next, from }: { path: string; first: number; next: number | undefined; from: number },
): AsyncGenerator<JournalEntry> {
  const segment =
    next === undefined
      ? (await Segment.openLast(file, path, first))?.segment
      : await Segment.openFull(file, path, { first, next })
  if (segment === undefined) return
  for (let position = from; ; ) {
    const entries = await segment.read(position, Number.MAX_SAFE_INTEGER, readBytes)
    if (entries.length === 0) return
    yield* entries
    position = entries.at(-1)!.position + 1
  }
}

async function segmentsIn(folder: string): Promise<number[]> {
  return (await namesIn(folder)).flatMap((name) => firstOfName(name) ?? []).sort((a, b) => a - b)
}

async function hasFiles(folder: string): Promise<boolean> {
  return (await namesIn(folder)).length > 0
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
}

async function openToRead(path: string): Promise<JournalFile | undefined> {
  const refuse = () => Promise.reject(new FarwatchError('journal-closed', 'this journal is only read'))
  try {
    const file = await open(path, 'r')
    return {
      size: async () => (await file.stat()).size,
      async read(offset, length) {
        const buffer = Buffer.allocUnsafe(length)
        const { bytesRead } = await file.read(buffer, 0, length, offset)
        return buffer.subarray(0, bytesRead)
      },
      ...{ write: refuse, sync: refuse, truncate: refuse },
      close: () => file.close(),
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
