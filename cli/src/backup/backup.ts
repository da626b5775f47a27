import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type FileHandle, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { FarwatchError } from '@farwatch/model'
import { syncFolder, systemClock } from '@farwatch/runtime'
import { createProgress } from '../terminal.ts'
import { type BackupManifest, manifestName } from './manifest.ts'
import { blockBytes, isSafePath, paddingOf, tarHeader } from './tar.ts'

/** The database is rebuilt from the originals, logs and locks belong to the machine, sessions to their moment. */
const leftOut = /^(?:database|log)\/|^sessions\.json$|(?:^|\/)reserve$|\.(?:lock(?:-[a-z]+)?|tmp)$|\.part$/
const chunkBytes = 4 * 1024 * 1024

/**
 * Writes everything of a data folder that cannot be rebuilt into one tar file, also while the centre runs: what names a
 * position in a journal is read before the journal, and journals before their archives, so that nothing in the backup
 * speaks of what is not in it. Holds the centre's private key: readable by its owner only.
 */
export async function backup({ home, to }: { home: string; to: string }): Promise<void> {
  if (!existsSync(join(home, 'credentials.json')))
    throw new FarwatchError(
      'not-a-home',
      `${home} is not the data folder of a centre; choose it with --home DIR`,
    )
  const nowMs = systemClock.now()
  const out = (await isFolder(to)) ? join(to, `farwatch-${stampOf(nowMs)}.tar`) : to
  if (existsSync(out)) throw new FarwatchError('bad-usage', `${out} exists; choose another name`)
  const progress = createProgress()
  const partial = `${out}.part`
  const file = await open(partial, 'wx', 0o600)
  try {
    const files: BackupManifest['files'] = []
    for (const stage of stages) {
      progress.step(`Copying ${stage}`)
      for (const name of (await namesIn(home)).filter((one) => stageOf(one) === stage)) {
        const done = await put(file, { home, name })
        if (done !== undefined) files.push({ name, ...done })
      }
    }
    const manifest: BackupManifest = {
      ...{ v: 1, madeAt: new Date(nowMs).toISOString(), version: await version(), files },
    }
    await putBytes(file, manifestName, Buffer.from(JSON.stringify(manifest, undefined, 1)))
    await file.writeFile(Buffer.alloc(2 * blockBytes))
    await file.sync()
    await file.close()
    await rename(partial, out)
    await syncFolder(join(out, '..'))
    const bytes = files.reduce((sum, one) => sum + one.bytes, 0)
    progress.done(`${out}: ${files.length} files, ${Math.ceil(bytes / 1024 ** 2)} MiB`)
  } catch (error) {
    await file.close().catch(() => undefined)
    await rm(partial, { force: true })
    throw error
  }
  process.stdout.write(
    "It holds the centre's private key and everybody's accounts: keep it where only you can read it. " +
      'A configuration folder outside the data folder is not in it.\n',
  )
}

/** In this order: what names positions, the journals, their archives. */
const stages = ['state', 'journals', 'archives'] as const

function stageOf(name: string): (typeof stages)[number] {
  if (name.endsWith('.fwj.zst')) return 'archives'
  return /\/\d{16}\.log$/.test(name) ? 'journals' : 'state'
}

async function namesIn(home: string, folder = ''): Promise<string[]> {
  const names: string[] = []
  for (const entry of await readdir(join(home, folder), { withFileTypes: true })) {
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (leftOut.test(entry.isDirectory() ? `${name}/` : name) || !isSafePath(name)) continue
    if (entry.isDirectory()) names.push(...(await namesIn(home, name)))
    else if (entry.isFile()) names.push(name)
  }
  return names.sort()
}

/** As much of a file as it has now; undefined where it has gone meanwhile, into the archive or because it was spent. */
async function put(
  out: FileHandle,
  { home, name }: { home: string; name: string },
): Promise<{ bytes: number; sha256: string } | undefined> {
  let file: FileHandle
  try {
    file = await open(join(home, name), 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    const { size, mtimeMs } = await file.stat()
    await out.writeFile(tarHeader({ name, bytes: size }, mtimeMs))
    const hash = createHash('sha256')
    const buffer = Buffer.alloc(Math.min(size, chunkBytes))
    for (let at = 0; at < size; ) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, size - at), at)
      // A torn tail was cut off meanwhile: zeros in its place are one as well.
      const bytes =
        bytesRead === 0 ? Buffer.alloc(Math.min(chunkBytes, size - at)) : buffer.subarray(0, bytesRead)
      await out.writeFile(bytes)
      hash.update(bytes)
      at += bytes.length
    }
    await out.writeFile(Buffer.alloc(paddingOf(size)))
    return { bytes: size, sha256: hash.digest('hex') }
  } finally {
    await file.close()
  }
}

async function putBytes(out: FileHandle, name: string, bytes: Uint8Array): Promise<void> {
  await out.writeFile(tarHeader({ name, bytes: bytes.length }, systemClock.now()))
  await out.writeFile(bytes)
  await out.writeFile(Buffer.alloc(paddingOf(bytes.length)))
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

function stampOf(nowMs: number): string {
  return new Date(nowMs)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '-')
}

async function version(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
