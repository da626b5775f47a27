import { mkdir, open, readdir, rm } from 'node:fs/promises'
import { syncFolder } from '../files.ts'

/** The few file operations a journal needs, so that tests can put a disk beneath it that drops what was not synced. */
export interface FileLayer {
  /** File names in a folder, which is made if missing. */
  list(folder: string): Promise<string[]>
  /** Opens for reading and writing, creating when `create`. */
  open(path: string, options: { create: boolean }): Promise<JournalFile>
  remove(path: string): Promise<void>
  /** Makes created and removed names durable. */
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
    await mkdir(folder, { recursive: true })
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
  syncFolder,
}
