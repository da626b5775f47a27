import { constants } from 'node:fs'
import { access, mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FarwatchError, messageOf } from '@farwatch/model'
import { lockFile } from '@farwatch/runtime'

/**
 * Makes the data folder, which must be writable.
 * @throws FarwatchError `folder-unusable`.
 */
export async function makeHome(home: string): Promise<void> {
  try {
    await makeFolder(home)
    if (!(await stat(home)).isDirectory()) throw new FarwatchError('not-a-folder', 'it is a file')
    await access(home, constants.W_OK | constants.X_OK)
  } catch (cause) {
    const message = `the data folder ${home} cannot be written (${messageOf(cause)}); expected a folder that this user may write: choose another with --home DIR`
    throw new FarwatchError('folder-unusable', message, { cause })
  }
}

/**
 * Makes the data folder and takes it for this process; the returned function gives it back.
 * @throws FarwatchError `folder-unusable`, `folder-in-use`.
 */
export async function takeHome(home: string): Promise<() => void> {
  await makeHome(home)
  return lockFile(join(home, 'farwatch.lock'))
}

/** With its parents. Step by step, because Node's recursive mkdir never returns below a folder such as /proc. */
async function makeFolder(path: string): Promise<void> {
  const make = () =>
    mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  try {
    await make()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error
    await makeFolder(dirname(path))
    await make()
  }
}
