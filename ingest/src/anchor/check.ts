import type { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  decodeLeaves,
  type Timestamp,
  type VerifyingKey,
  verifyAnchor,
  verifySuccession,
  verifyTimestamp,
} from '@farwatch/evidence'
import { messageOf } from '@farwatch/model'
import { readAnchorFolder, seqOf } from './store.ts'

export interface CheckedAnchor {
  readonly name: string
  readonly heads: number
  readonly timestamp: Timestamp | undefined
  /** What is wrong with it, each on its own. */
  readonly problems: readonly string[]
}

/**
 * Checks a folder of anchors without the centre that made it: each statement, its heads and its timestamp, and that
 * they follow one another. `roots` are of timestamp authorities; without them no timestamp is looked at.
 */
export async function* checkAnchorFolder(
  folder: string,
  { keys, roots }: { keys: readonly VerifyingKey[]; roots: readonly X509Certificate[] },
): AsyncGenerator<CheckedAnchor> {
  const found = await readAnchorFolder(folder)
  let before: Uint8Array | undefined
  for (const name of [...found.keys()].sort((a, b) => seqOf(a) - seqOf(b))) {
    const parts = found.get(name)!
    const problems: string[] = []
    let heads = 0
    let timestamp: Timestamp | undefined
    try {
      const statement = await readFile(join(folder, `${name}.anchor`))
      const leaves = decodeLeaves(await readFile(join(folder, `${name}.heads`)))
      const verified = verifyAnchor(statement, leaves, keys)
      if (verified.ok) heads = verified.heads.length
      else problems.push(verified.problem)
      if (before === undefined && seqOf(name) > 1)
        problems.push(`the ${seqOf(name) - 1} before it are not here`)
      const follows = before === undefined ? undefined : verifySuccession(before, statement)
      if (follows !== undefined && !follows.ok) problems.push(follows.problem)
      before = statement
      if (parts.has('tsr') && roots.length > 0) {
        const stamped = verifyTimestamp(await readFile(join(folder, `${name}.tsr`)), statement, { roots })
        if (stamped.ok) timestamp = stamped
        else problems.push(`timestamp: ${stamped.problem}`)
      }
    } catch (error) {
      problems.push(messageOf(error))
    }
    yield { name, heads, timestamp, problems }
  }
}
