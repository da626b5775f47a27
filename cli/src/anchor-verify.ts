import { readFile } from 'node:fs/promises'
import { checkAnchorFolder, parsePublicKeys, readCertificates, verifyingKey } from '@farwatch/evidence'
import { FarwatchError } from '@farwatch/model'
import type { AnchorOptions } from './anchor-options.ts'
import { printable } from './terminal.ts'

/** Prints a line an anchor and what is wrong with it; the exit code is 1 where anything is. */
export async function verifyAnchors(options: AnchorOptions & { act: 'verify' }): Promise<void> {
  const { keys: known } = parsePublicKeys(await readFile(options.keys, 'utf8'))
  const keys = known.filter(({ owner }) => owner === 'centre').map(({ publicKey }) => verifyingKey(publicKey))
  const roots = options.roots === undefined ? [] : readCertificates(await readFile(options.roots, 'utf8'))
  let count = 0
  for await (const { name, heads, timestamp, problems } of checkAnchorFolder(options.folder, {
    keys,
    roots,
  })) {
    count++
    const stamped =
      timestamp &&
      `, stamped ${new Date(timestamp.timeMs).toISOString()} by ${printable(timestamp.authority)}`
    const verdict = problems.length > 0 ? `WRONG: ${printable(problems.join('; '))}` : 'good'
    process.stdout.write(`${name}  ${heads} chains${stamped ?? ''}  ${verdict}\n`)
    if (problems.length > 0) process.exitCode = 1
  }
  if (count === 0) throw new FarwatchError('bad-usage', `there are no anchors in ${options.folder}`)
}
