import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openActLog } from '@farwatch/audit'
import {
  AnchorStore,
  type Anchors,
  anchorFolder,
  Credentials,
  headsAtRest,
  loadAnchorConfig,
  requestFile,
  type StoredAnchor,
  startAnchors,
} from '@farwatch/ingest'
import { FarwatchError } from '@farwatch/model'
import {
  createLog,
  createMetrics,
  Lifecycle,
  readIfPresent,
  systemClock,
  writeAtomically,
} from '@farwatch/runtime'
import { credentialsFile } from './enrol.ts'
import { takeHome } from './home.ts'
import { actsOf, openOriginals } from './storage.ts'

const answerWithinMs = 30_000
const deliverWithinMs = 60_000
const lookEveryMs = 100

/** Makes an anchor through the centre that runs on this data folder, or here where none does. */
export async function anchorNow(home: string): Promise<void> {
  if (!existsSync(join(home, 'journal'))) {
    throw new FarwatchError(
      'bad-usage',
      `${home} is not the data folder of a centre; choose it with --home DIR`,
    )
  }
  let release: () => void
  try {
    release = await takeHome(home)
  } catch (error) {
    if (!(error instanceof FarwatchError) || error.code !== 'folder-in-use') throw error
    return tell(await askCentre(home))
  }
  try {
    await anchorHere(home)
  } finally {
    release()
  }
}

/** @throws FarwatchError `no-answer`. */
async function askCentre(home: string): Promise<StoredAnchor> {
  const folder = anchorFolder(home)
  const request = join(folder, requestFile)
  await writeAtomically(request, '')
  const until = systemClock.monotonicMs() + answerWithinMs
  while ((await readIfPresent(request)) !== undefined) {
    if (systemClock.monotonicMs() > until) {
      await rm(request, { force: true })
      throw new FarwatchError('no-answer', 'the centre has not made an anchor within 30 s; its log says why')
    }
    await systemClock.sleep(lookEveryMs)
  }
  return lastOf((await AnchorStore.open(folder)).anchors.at(-1))
}

async function anchorHere(home: string): Promise<void> {
  const clock = systemClock
  const log = createLog('warn')
  const life = new Lifecycle(log)
  try {
    const journal = await openOriginals(home, log)
    life.onStop('journal', () => journal.close())
    const credentials = await Credentials.open(credentialsFile(home))
    const acts = await openActLog({ folder: actsOf(home), key: credentials.centre, clock, log })
    life.onStop('log of acts', () => acts.stop())
    const heads = [...(await headsAtRest({ home, journal, credentials, clock, log })), ...acts.heads]
    // So that the look at start makes one even where today has its own.
    await writeAtomically(join(anchorFolder(home), requestFile), '')
    const anchors = await startAnchors(await loadAnchorConfig(), {
      ...{ clock, log, metrics: createMetrics(), home, key: credentials.centre, heads: () => heads },
    })
    life.onStop('anchors', () => anchors.stop())
    const { problem } = anchors
    if (problem !== undefined) throw new FarwatchError('no-answer', `no anchor could be made: ${problem}`)
    const made = lastOf(anchors.last)
    tell(made)
    await delivered(anchors, made)
  } finally {
    await life.stop()
  }
}

/** Waits until every destination has got it or has failed once. */
async function delivered(anchors: Anchors, { seq }: StoredAnchor): Promise<void> {
  const until = systemClock.monotonicMs() + deliverWithinMs
  const open = () => anchors.destinations.filter(({ reached }) => reached < seq)
  while (open().some(({ problem }) => problem === undefined) && systemClock.monotonicMs() < until) {
    await systemClock.sleep(lookEveryMs)
  }
  for (const { kind, problem } of open()) {
    process.stderr.write(`${kind}: not there yet (${problem ?? 'no answer'}); the centre tries again\n`)
  }
}

function lastOf(anchor: StoredAnchor | undefined): StoredAnchor {
  if (anchor === undefined) throw new FarwatchError('no-answer', 'there is nothing to anchor yet')
  return anchor
}

function tell({ name }: StoredAnchor): void {
  process.stdout.write(`${name}\n`)
}
