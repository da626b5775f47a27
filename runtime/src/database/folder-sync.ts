import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** So many files are synced at once; the thread pool has four threads. */
const parallel = 4

/**
 * Makes a PostgreSQL data folder durable from outside: every file, then every folder, and the control file last of all,
 * so that it never points at a checkpoint whose pages are not on disk. A file that vanished meanwhile was not needed.
 */
export async function syncDataFolder(folder: string): Promise<void> {
  const controlFile = join(folder, 'global', 'pg_control')
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const pathOf = (entry: (typeof entries)[number]) => join(entry.parentPath, entry.name)
  const files = entries.filter((entry) => entry.isFile()).map(pathOf)
  const folders = entries.filter((entry) => entry.isDirectory()).map(pathOf)
  await syncAll(files.filter((file) => file !== controlFile))
  await syncAll([...folders, folder])
  await syncAll([controlFile])
}

async function syncAll(paths: readonly string[]): Promise<void> {
  const rest = paths.values()
  const worker = async () => {
    for (const path of rest) await syncOne(path)
  }
  await Promise.all(Array.from({ length: parallel }, worker))
}

async function syncOne(path: string): Promise<void> {
  try {
    const file = await open(path, 'r')
    try {
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
