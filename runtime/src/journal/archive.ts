import { join } from 'node:path'
import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'
import { FarwatchError, messageOf } from '@farwatch/model'
import { randomId } from '../ids.ts'
import type { Logger } from '../log.ts'
import { diskFiles, type FileLayer, type JournalFile, readWhole, replaceFile } from './file-layer.ts'
import type { Journal, JournalEntry } from './journal.ts'
import { Segment } from './segment.ts'

/** What an archive may hold; the oldest files go first. */
export interface ArchiveBounds {
  readonly bytes: number
  /** Counted from when a file was put there, by the wall clock. */
  readonly ageMs?: number
}

/** Segments that every reader had passed, as they were, compressed. */
export interface JournalArchive {
  /** Positions kept, `first` to `next - 1` a file, ascending; what is missing between them was given up. */
  ranges(): Promise<{ first: number; next: number }[]>
  /**
   * One entry for each position from `from` to `to` (inclusive) that is kept, ascending, every CRC checked; positions that
   * are not kept are left out. Holds one segment in memory.
   */
  read(from: number, to: number): AsyncIterable<JournalEntry>
}

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)
const pattern = /^(\d{16})-(\d{16})\.fwj\.zst$/
/** More than any segment: a file that unpacks to more is not ours. */
const maxSegmentBytes = 1024 ** 3
const readBytes = 4 * 1024 * 1024

interface ArchiveFile {
  readonly name: string
  readonly first: number
  readonly next: number
}

/** Reads the archive in a folder, beside a journal that writes there or without one. */
export function openArchive(folder: string, files: FileLayer = diskFiles): JournalArchive {
  return {
    async ranges() {
      return (await archiveFiles(files, folder)).map(({ first, next }) => ({ first, next }))
    },
    async *read(from, to) {
      for (let position = from; position <= to; ) {
        const file = (await archiveFiles(files, folder)).find(({ next }) => next > position)
        if (file === undefined || file.first > to) return
        yield* entriesOf(files, folder, { file, from: position, to })
        position = file.next
      }
    },
  }
}

/**
 * Entries from `from` to `to` (inclusive) from wherever they are kept, archive or journal, ascending; positions that neither
 * keeps are left out. Holds one segment in memory.
 */
export async function* readKept(
  { journal, archive }: { journal: Journal; archive: JournalArchive },
  from: number,
  to: number,
): AsyncGenerator<JournalEntry> {
  let position = from
  while (position <= to) {
    // Before the archive is looked at: what leaves the journal afterwards is there already.
    const { first, next } = journal
    if (position < first) {
      const last = Math.min(to, first - 1)
      for await (const entry of archive.read(position, last)) yield entry
      position = last + 1
      continue
    }
    if (position >= next) return
    const entries = await journal.read(position, { bytes: readBytes })
    // Its segment went into the archive meanwhile.
    if (entries[0]?.position !== position) {
      if (journal.first > position) continue
      return
    }
    for (const entry of entries) if (entry.position <= to) yield entry
    position = entries.at(-1)!.position + 1
  }
}

/**
 * Puts a segment into the archive, durably, under its positions; doing it again changes nothing. Compression runs on the
 * thread pool. A file of that name with other content, of a journal that was begun anew, is kept under another name.
 */
export async function putIntoArchive(
  { files, folder, log }: { files: FileLayer; folder: string; log: Logger },
  segment: Segment,
): Promise<void> {
  const name = `${digits(segment.first)}-${digits(segment.next)}.fwj.zst`
  const path = join(folder, name)
  const content = await segment.content()
  // Listing makes the folder where it is missing.
  if ((await files.list(folder)).includes(name)) {
    const before = await unpacked(files, path).catch(() => undefined)
    if (before !== undefined && Buffer.compare(before, content) === 0) return
    const aside = `${path}.${randomId()}.other`
    await files.rename(path, aside)
    log.error({ path, aside }, 'the archive held other originals of these positions: they are kept aside')
  }
  const packed = await compress(content, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })
  await replaceFile(files, path, packed)
}

async function unpacked(files: FileLayer, path: string): Promise<Uint8Array> {
  return decompress(await readWhole(files, path), { maxOutputLength: maxSegmentBytes })
}

/** Removes the oldest files until the bounds hold. */
export async function trimArchive(
  files: FileLayer,
  folder: string,
  { bounds, nowMs }: { bounds: ArchiveBounds; nowMs: number },
): Promise<{ records: number; bytes: number }> {
  const all: (ArchiveFile & { bytes: number; modifiedMs: number })[] = []
  for (const file of await archiveFiles(files, folder)) {
    all.push({ ...file, ...(await files.stat(join(folder, file.name))) })
  }
  let total = all.reduce((sum, { bytes }) => sum + bytes, 0)
  const removed = { records: 0, bytes: 0 }
  for (const { name, first, next, bytes, modifiedMs } of all) {
    const isOld = bounds.ageMs !== undefined && nowMs - modifiedMs > bounds.ageMs
    if (total <= bounds.bytes && !isOld) break
    await files.remove(join(folder, name))
    total -= bytes
    removed.records += next - first
    removed.bytes += bytes
  }
  if (removed.bytes > 0) await files.syncFolder(folder)
  return removed
}

/** Removes what a crash left half written. */
export async function tidyArchive(files: FileLayer, folder: string): Promise<void> {
  for (const name of await files.list(folder)) {
    if (name.endsWith('.tmp')) await files.remove(join(folder, name))
  }
}

async function archiveFiles(files: FileLayer, folder: string): Promise<ArchiveFile[]> {
  const found = (await files.list(folder)).flatMap((name) => {
    const match = pattern.exec(name)
    return match ? [{ name, first: Number(match[1]), next: Number(match[2]) }] : []
  })
  return found.sort((a, b) => a.first - b.first || a.next - b.next)
}

/** A file that does not unpack any more yields its positions as damaged. */
async function* entriesOf(
  files: FileLayer,
  folder: string,
  { file, from, to }: { file: ArchiveFile; from: number; to: number },
): AsyncGenerator<JournalEntry> {
  const path = join(folder, file.name)
  const last = Math.min(to, file.next - 1)
  let content: Uint8Array
  try {
    content = await unpacked(files, path)
  } catch (error) {
    if (!isDamage(error)) {
      throw new FarwatchError('archive-failed', `${path}: ${messageOf(error)}`, {
        retryable: true,
        cause: error,
      })
    }
    const damaged = { first: file.first, next: file.next }
    for (let p = Math.max(from, file.first); p <= last; p++)
      yield { position: p, payload: undefined, damaged }
    return
  }
  const segment = await Segment.openFull(memoryFile(content), path, file)
  for (let position = Math.max(from, file.first); position <= last; ) {
    const entries = await segment.read(position, last - position + 1, readBytes)
    yield* entries
    position = entries.at(-1)!.position + 1
  }
}

function isDamage(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code !== undefined && /^(ZSTD_|ERR_BUFFER_TOO_LARGE|Z_)/.test(code)
}

function digits(position: number): string {
  return String(position).padStart(16, '0')
}

function memoryFile(content: Uint8Array): JournalFile {
  const refuse = () => Promise.reject(new FarwatchError('journal-closed', 'an archive is not written to'))
  return {
    size: async () => content.length,
    read: async (offset, length) => content.subarray(offset, offset + length),
    write: refuse,
    sync: refuse,
    truncate: refuse,
    close: async () => undefined,
  }
}
