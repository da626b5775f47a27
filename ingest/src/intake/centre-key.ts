import { dirname, join } from 'node:path'
import { generateKeyPem, type SigningKey, signingKey } from '@farwatch/evidence'
import { lockFile, readIfPresent, systemClock, writeAtomically } from '@farwatch/runtime'

const lockWithinMs = 10_000
const lockEveryMs = 20

/** The centre's signing key, made on first use and kept in its home (`centre-key.pem`) with mode 0600. */
export async function loadCentreKey(home: string): Promise<SigningKey> {
  const path = join(home, 'centre-key.pem')
  const stored = await readIfPresent(path)
  if (stored !== undefined) return signingKey(stored)
  return alone(path, async () => {
    // Another process may have made it while this one waited.
    const pem = (await readIfPresent(path)) ?? generateKeyPem()
    await writeAtomically(path, pem)
    return signingKey(pem)
  })
}

/** Does work that no other process does at the same time for the same file. @throws FarwatchError `folder-in-use` after 10 s. */
export async function alone<T>(path: string, work: () => Promise<T>): Promise<T> {
  const until = systemClock.monotonicMs() + lockWithinMs
  for (;;) {
    let unlock: () => void
    try {
      unlock = lockFile(join(dirname(path), '.credentials.lock'))
    } catch (error) {
      if (systemClock.monotonicMs() >= until) throw error
      await systemClock.sleep(lockEveryMs)
      continue
    }
    try {
      return await work()
    } finally {
      unlock()
    }
  }
}
