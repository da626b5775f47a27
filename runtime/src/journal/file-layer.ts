import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder } from '../files.ts'
import { randomId } from '../ids.ts'

/** The few file operations a journal needs, so that tests can put a disk beneath it that drops what was not synced. */
export interface FileLayer {
  /** File names in a folder, which is made if missing. */
  list(folder: string): Promise<string[]>
  /** Opens for reading and writing, creating when `create`. */
  open(path: string, options: { create: boolean }): Promise<JournalFile>
  remove(path: string): Promise<void>
  /** Gives a file another name in one step; what had that name is gone. */
  rename(from: string, to: string): Promise<void>
  /** Size and time of the last write (Unix milliseconds). */
  stat(path: string): Promise<{ bytes: number; modifiedMs: number }>
  /** Makes created, renamed and removed names durable. */
  syncFolder(folder: string): Promise<void>
}

export interface JournalFile {
  size(): Promise<number>
  /** Reads up to `length` bytes; fewer at the end of the file. */
  read(offset: number, length: number): Promise<Uint8Array>
  write(offset: number, data: readonly Uint8Array[]): Promise<void>
  /** fdatasync: what was written would survive a power cut. */
  sync(): Promise<void>
  truncate(size: number): Promise<void>
  close(): Promise<void>
}

export const diskFiles: FileLayer = {
  async list(folder) {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    return readdir(folder)
  },
  async open(path, { create }) {
    const file = await open(path, create ? 'wx+' : 'r+', 0o600)
    return {
      size: async () => (await file.stat()).size,
      async read(offset, length) {
        const buffer = Buffer.allocUnsafe(length)
        let filled = 0
        while (filled < length) {
          const { bytesRead } = await file.read(buffer, filled, length - filled, offset + filled)
          if (bytesRead === 0) break
          filled += bytesRead
        }
        return buffer.subarray(0, filled)
      },
      async write(offset, data) {
        const whole = data.length === 1 ? data[0]! : Buffer.concat(data)
        for (let done = 0; done < whole.length; ) {
          done += (await file.write(whole, done, whole.length - done, offset + done)).bytesWritten
        }
      },
      sync: () => file.datasync(),
      truncate: (size) => file.truncate(size),
      close: () => file.close(),
    }
  },
  remove: (path) => rm(path, { force: true }),
  rename,
  async stat(path) {
    const { size, mtimeMs } = await stat(path)
    return { bytes: size, modifiedMs: mtimeMs }
  },
  syncFolder,
}

/** Replaces a file so that a power cut leaves the old content or the new, never a mixture. */
export async function replaceFile(files: FileLayer, path: string, content: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomId()}.tmp`
  try {
    const file = await files.open(temporary, { create: true })
    try {
      await file.write(0, [content])
      await file.sync()
    } finally {
      await file.close()
    }
    await files.rename(temporary, path)
  } catch (error) {
    // A full disk must not fill further with what did not fit.
    await files.remove(temporary).catch(() => undefined)
    throw error
  }
  await files.syncFolder(dirname(path))
}

/** The whole file. */
export async function readWhole(files: FileLayer, path: string): Promise<Uint8Array> {
  const file = await files.open(path, { create: false })
  try {
    return await file.read(0, await file.size())
  } finally {
    await file.close()
  }
}

/** Whether this failure, or what caused it, says that a disk or a quota is full. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT' || isDiskFull(error.cause)
}
