import { existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Exporter, type Manifest, readAnchorsIn } from '@farwatch/evidence'
import { anchorFolder } from '@farwatch/ingest'
import { FarwatchError } from '@farwatch/model'
import { readKeptFolders, systemClock } from '@farwatch/runtime'
import { recordCommand } from './command-act.ts'
import type { ExportOptions } from './evidence-options.ts'
import { knownCredentials } from './keys.ts'
import { archiveOf } from './storage.ts'
import { createProgress } from './terminal.ts'

/** Writes an export of the originals; the platform may run meanwhile. */
export async function exportEvidence({ home, out, selection, acts }: ExportOptions): Promise<void> {
  if (existsSync(out)) throw new FarwatchError('bad-usage', `${out} exists; choose another name`)
  const { keys, centre } = await knownCredentials(home)
  const anchors = existsSync(anchorFolder(home)) ? { anchors: await readAnchorsIn(anchorFolder(home)) } : {}
  const progress = createProgress()
  const partial = `${out}.part`
  const file = await open(partial, 'w', 0o600)
  let manifest: Manifest
  try {
    const exporter = new Exporter((bytes) => file.writeFile(bytes), {
      ...{ selection, keys, centre, nowMs: systemClock.now(), ...anchors },
      ...(acts ? { acts: originals(home, 'acts') } : {}),
      onProgress: (position, { batches, readings }) =>
        progress.step(`record ${position}: ${batches} batches, ${readings} readings`),
    })
    manifest = await exporter.run(acts ? nothing() : originals(home, 'journal'))
    await file.sync()
    await file.close()
    await rename(partial, out)
  } catch (error) {
    await file.close().catch(() => undefined)
    await rm(partial, { force: true })
    throw error
  }
  await recordCommand(home, {
    ...{ action: 'export.make', object: null },
    after: { what: acts ? 'acts' : 'originals', selection: { ...selection }, file: out },
  })
  const { batches, plainRecords, readings, losses, unsealed, damaged } = manifest.counts
  const done = manifest.acts
  if (acts) progress.done(done ? `${out}: acts ${done.from} to ${done.to}` : `${out}: no acts of that time`)
  else
    progress.done(
      `${out}: ${readings} readings out of ${batches} batches and ${plainRecords} sealed records, ${losses} declared losses`,
    )
  const say = (text: string) => process.stdout.write(`${text}\n`)
  if (unsealed > 0) say(`${unsealed} records without a seal yet are left out; they are in the next export.`)
  if (damaged > 0) say(`${damaged} records could not be read from this disk any more.`)
  say('Give "farwatch keys list --public" to whoever verifies it, on another way than this file.')
}

/** What a data folder keeps of a journal, beside the centre that may run there. */
function originals(home: string, name: 'journal' | 'acts') {
  const archive = name === 'journal' ? archiveOf(home) : join(home, name, 'archive')
  return readKeptFolders({ journal: join(home, name), archive })
}

async function* nothing(): AsyncGenerator<never> {}
