import { constants } from 'node:fs'
import { access, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { FarwatchError, messageOf } from '@farwatch/model'
import { lockFile } from '@farwatch/runtime'

/**
 * Makes the data folder and takes it for this process; the returned function gives it back.
 * @throws FarwatchError `folder-unusable`, `folder-in-use`.
 */
export async function takeHome(home: string): Promise<() => void> {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 })
    await access(home, constants.W_OK | constants.X_OK)
  } catch (cause) {
    const message = `the data folder ${home} cannot be written (${messageOf(cause)}); expected a folder that this user may write: choose another with --home DIR`
    throw new FarwatchError('folder-unusable', message, { cause })
  }
  return lockFile(join(home, 'farwatch.lock'))
}
