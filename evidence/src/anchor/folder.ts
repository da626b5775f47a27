import type { X509Certificate } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FarwatchError, messageOf } from '@farwatch/model'
import type { VerifyingKey } from '../keys.ts'
import { verifyAnchor, verifySuccession } from './anchor.ts'
import { decodeLeaves } from './head.ts'
import type { WholeAnchor } from './record.ts'
import { type Timestamp, verifyTimestamp } from './timestamp.ts'

/**
 * What is kept of an anchor: the heads (CBOR list of leaves), the signed statement, what a timestamp authority answered,
 * and that a webhook has taken it.
 */
export const anchorParts = ['heads', 'anchor', 'tsr', 'sent'] as const
export type AnchorPart = (typeof anchorParts)[number]

const fileName = /^(\d{4}-\d{2}-\d{2}-(\d{6,}))\.(heads|anchor|tsr|sent)$/

/** The anchors in a folder by name, with the parts that are there. @throws FarwatchError `anchor-folder`. */
export async function readAnchorFolder(folder: string): Promise<Map<string, Set<AnchorPart>>> {
  const found = new Map<string, Set<AnchorPart>>()
  const files = await readdir(folder).catch((cause) => {
    throw new FarwatchError('anchor-folder', `${folder} cannot be read (${messageOf(cause)})`, { cause })
  })
  for (const file of files) {
    const match = fileName.exec(file)
    if (match === null) continue
    const parts = found.get(match[1]!) ?? new Set()
    found.set(match[1]!, parts.add(match[3] as AnchorPart))
  }
  return found
}

/** The anchors that are in a folder now, in order. Nothing is verified, and a log that is not whole is read all the same. */
export async function readAnchorsIn(folder: string): Promise<AsyncIterable<WholeAnchor>> {
  const found = await readAnchorFolder(folder)
  const part = (name: string, which: AnchorPart) => readFile(join(folder, `${name}.${which}`))
  return (async function* () {
    const whole = [...found].filter(([, parts]) => parts.has('anchor') && parts.has('heads'))
    for (const [name, parts] of whole.sort(([a], [b]) => seqOf(a) - seqOf(b))) {
      const [statement, leaves] = [await part(name, 'anchor'), decodeLeaves(await part(name, 'heads'))]
      yield { statement, leaves, timestamp: parts.has('tsr') ? await part(name, 'tsr') : undefined }
    }
  })()
}

export function seqOf(name: string): number {
  return Number(name.slice('YYYY-MM-DD-'.length))
}

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
