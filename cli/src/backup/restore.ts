import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { startWriter } from '@farwatch/ingest'
import { FarwatchError } from '@farwatch/model'
import {
  createLog,
  createMetrics,
  Lifecycle,
  openArchive,
  openDatabase,
  readIfPresent,
  systemClock,
  wholeJournal,
  writeAtomically,
} from '@farwatch/runtime'
import { z } from 'zod'
import { takeHome } from '../home.ts'
import { archiveOf, openOriginals } from '../storage.ts'
import { createProgress } from '../terminal.ts'
import { BackupManifest, manifestName } from './manifest.ts'
import { blockBytes, paddingOf, readTarHeader, type TarEntry } from './tar.ts'

const chunkBytes = 4 * 1024 * 1024
const maxManifestBytes = 256 * 1024 ** 2
const lookEveryMs = 200

interface Placed extends TarEntry {
  readonly offset: number
}

/**
 * Makes a data folder anew out of a backup and rebuilds the database from its originals; sets exit code 1 where the backup
 * itself was damaged. Nothing is written before every name in the backup has been judged.
 * @throws FarwatchError `bad-backup`, `home-not-empty`, `database-not-empty`.
 */
export async function restore(options: {
  readonly file: string
  readonly home: string
  readonly databaseUrl: string | undefined
}): Promise<void> {
  const { file: path, home, databaseUrl } = options
  const progress = createProgress()
  const file = await open(path, 'r').catch((cause) => {
    throw new FarwatchError('bad-usage', `${path} cannot be read`, { cause })
  })
  let damaged: string[]
  try {
    const entries = await listOf(file)
    await checkEmpty(home)
    const release = await takeHome(home)
    try {
      damaged = await extract(file, { entries, home, step: (text) => progress.step(text) })
      await forgetPlace(join(home, 'alerts', 'cursors.json'), 'rules.database')
      await rebuild({ home, databaseUrl, step: (text) => progress.step(text) })
    } finally {
      release()
    }
  } finally {
    await file.close()
  }
  for (const one of damaged) process.stderr.write(`${one} is not what was backed up\n`)
  if (damaged.length > 0) process.exitCode = 1
  progress.done(
    `${home}: restored${damaged.length > 0 ? `, ${damaged.length} files damaged` : ''}; "farwatch verify --home ${home}" tells what is proven`,
  )
}

/** Every file in the backup, in order. */
async function listOf(file: FileHandle): Promise<Placed[]> {
  const entries: Placed[] = []
  const seen = new Set<string>()
  for (let offset = 0; ; ) {
    const block = Buffer.alloc(blockBytes)
    const { bytesRead } = await file.read(block, 0, blockBytes, offset)
    const entry = readTarHeader(block.subarray(0, bytesRead))
    if (entry === undefined) break
    if (seen.has(entry.name))
      throw new FarwatchError('bad-backup', `this is no backup of Farwatch: ${entry.name} stands in it twice`)
    seen.add(entry.name)
    offset += blockBytes
    entries.push({ ...entry, offset })
    offset += entry.bytes + paddingOf(entry.bytes)
  }
  if (entries.at(-1)?.name !== manifestName)
    throw new FarwatchError(
      'bad-backup',
      `this is no backup of Farwatch: ${manifestName} is not its last file`,
    )
  return entries
}

async function checkEmpty(home: string): Promise<void> {
  const found = await readdir(home).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  if (found.length > 0)
    throw new FarwatchError(
      'home-not-empty',
      `${home} holds ${found.slice(0, 3).join(', ')}: expected an empty folder, so that nothing is overwritten`,
    )
}

/** Returns the names of files that are not what the manifest says. */
async function extract(
  file: FileHandle,
  { entries, home, step }: { entries: readonly Placed[]; home: string; step: (text: string) => void },
): Promise<string[]> {
  const manifest = await manifestOf(file, entries.at(-1)!)
  const expected = new Map(manifest.files.map(({ name, sha256 }) => [name, sha256]))
  const damaged: string[] = []
  const wanted = entries.slice(0, -1)
  step(`Unpacking ${wanted.length} files`)
  for (const entry of wanted) {
    const path = join(home, entry.name)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const sha256 = await copyOut(file, entry, path)
    if (expected.get(entry.name) !== sha256) damaged.push(entry.name)
    expected.delete(entry.name)
  }
  return [...damaged, ...expected.keys()]
}

async function manifestOf(file: FileHandle, { offset, bytes }: Placed): Promise<BackupManifest> {
  try {
    if (bytes > maxManifestBytes) throw new Error(`${bytes} bytes`)
    const buffer = Buffer.alloc(bytes)
    await file.read(buffer, 0, bytes, offset)
    return BackupManifest.parse(JSON.parse(buffer.toString('utf8')))
  } catch (cause) {
    throw new FarwatchError(
      'bad-backup',
      `this is no backup of Farwatch: ${manifestName} cannot be understood`,
      { cause },
    )
  }
}

async function copyOut(file: FileHandle, { offset, bytes }: Placed, path: string): Promise<string> {
  const out = await open(path, 'wx', 0o600)
  try {
    const hash = createHash('sha256')
    const buffer = Buffer.alloc(Math.min(bytes, chunkBytes))
    for (let at = 0; at < bytes; ) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, bytes - at), offset + at)
      if (bytesRead === 0) break
      await out.writeFile(buffer.subarray(0, bytesRead))
      hash.update(buffer.subarray(0, bytesRead))
      at += bytesRead
    }
    await out.sync()
    return hash.digest('hex')
  } finally {
    await out.close()
  }
}

/** The tables of alerts are filled again from what their journal keeps. */
async function forgetPlace(path: string, reader: string): Promise<void> {
  const text = await readIfPresent(path)
  if (text === undefined) return
  const places = z.record(z.string(), z.number()).parse(JSON.parse(text))
  delete places[reader]
  await writeAtomically(path, JSON.stringify(places))
}

/** Writes the originals into an empty database, those in the archive first. */
async function rebuild({
  home,
  databaseUrl,
  step,
}: {
  home: string
  databaseUrl: string | undefined
  step: (text: string) => void
}): Promise<void> {
  const log = createLog('warn')
  const life = new Lifecycle(log)
  try {
    const originals = await openOriginals(home, log)
    life.onStop('journal', () => originals.close())
    const database = await openDatabase(
      databaseUrl === undefined ? { folder: join(home, 'database') } : { url: databaseUrl },
    )
    life.onStop('database', () => database.close())
    const [found] = await database.query<{ name: string | null }>(
      "select to_regclass('progress')::text as name",
    )
    if (found?.name)
      throw new FarwatchError(
        'database-not-empty',
        'the database holds a Farwatch already: expected an empty one',
      )
    const journal = await wholeJournal(originals, openArchive(archiveOf(home)))
    const writer = await startWriter({
      ...{ database, journal, registry: { sites: [] }, clock: systemClock, log, metrics: createMetrics() },
    })
    life.onStop('writer', () => writer.stop(), 30_000)
    step(`Rebuilding the database from ${writer.behind} records`)
    for (let told: string | undefined; writer.behind > 0; ) {
      if (writer.problem !== told && writer.problem !== undefined) step(`The database: ${writer.problem}`)
      told = writer.problem
      await systemClock.sleep(lookEveryMs)
    }
    await database.sync()
  } finally {
    await life.stop()
  }
}
