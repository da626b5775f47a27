import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { FarwatchError, messageOf } from '@farwatch/model'

/**
 * Holds `path` (a small file beside what it guards) until the returned function is called or the process ends, however
 * it ends. SQLite's exclusive transaction is the operating system's file lock in portable form.
 * @throws FarwatchError `folder-in-use`, or `folder-unusable` where the file cannot be made.
 */
export function lockFile(path: string): () => void {
  let lock: DatabaseSync | undefined
  try {
    mkdirSync(dirname(path), { recursive: true })
    lock = new DatabaseSync(path, { timeout: 0 })
    lock.exec('begin exclusive')
    return () => lock?.close()
  } catch (cause) {
    lock?.close()
    if ((cause as { errcode?: number }).errcode === 5) {
      throw new FarwatchError(
        'folder-in-use',
        `${path} is held by another running Farwatch; stop that one first`,
        {
          cause,
        },
      )
    }
    throw new FarwatchError('folder-unusable', `cannot write ${path}: ${messageOf(cause)}`, { cause })
  }
}
