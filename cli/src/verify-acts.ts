import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  type ActFinding,
  ActsCheck,
  type ActsProof,
  AnchorCheck,
  centreKeys,
  describe,
  type Original,
  readAnchorsIn,
} from '@farwatch/evidence'
import { anchorFolder } from '@farwatch/ingest'
import { readKeptFolders } from '@farwatch/runtime'
import { knownCredentials } from './keys.ts'
import { actsOf } from './storage.ts'

const batch = 512
const maxFindings = 1_000

/** What a look at the log of acts has found; `sound` where nothing is wrong. */
export interface ActsReport extends ActsProof {
  readonly sound: boolean
  readonly findings: readonly ActFinding[]
}

/**
 * Verifies the log of acts in a data folder, beside the centre that may run there: every signature, the chain, and that no
 * anchor contradicts it. `anchors`: a folder with anchors that was kept elsewhere; the home's own without it.
 */
export async function verifyActsOf(home: string, anchors = anchorFolder(home)): Promise<ActsReport> {
  const { keys } = await knownCredentials(home)
  const ofCentre = centreKeys(keys)
  const findings: ActFinding[] = []
  const onFinding = (finding: ActFinding) => void (findings.length < maxFindings && findings.push(finding))
  const witnesses = new AnchorCheck({ keys: ofCentre, roots: [] })
  if (existsSync(anchors)) for await (const anchor of await readAnchorsIn(anchors)) witnesses.addWhole(anchor)
  const check = new ActsCheck({ keys: ofCentre, anchors: witnesses, onFinding })
  let waiting: Original[] = []
  // A log is never trimmed: there is no archive beside it.
  const archive = join(actsOf(home), 'archive')
  for await (const entry of readKeptFolders({ journal: actsOf(home), archive })) {
    waiting.push(entry)
    if (waiting.length < batch) continue
    await check.take(waiting)
    waiting = []
  }
  await check.take(waiting)
  const proof = check.finish()
  return { sound: findings.length === 0, findings, ...proof }
}

/** The report for people. */
export function linesOfActs({ sound, findings, acts, to, anchored }: ActsReport): string[] {
  return [
    `Verified ${acts} acts${anchored === undefined ? '' : `; up to act ${anchored.seq} anchored on ${anchored.day}`}.`,
    ...findings.map(({ fault, seq, toSeq, atMs, detail }) =>
      describe(
        {
          ...{ code: `act-${fault}`, seq, toSeq, detail },
          time: atMs === undefined ? undefined : new Date(atMs).toISOString(),
        },
        'en',
      ),
    ),
    sound ? `The log of acts is whole up to act ${to}.` : `${findings.length} faults in the log of acts.`,
  ]
}
