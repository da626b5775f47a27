import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const root = import.meta.dirname
const dist = join(root, 'dist')
const stamp = join(dist, '.sources')

/**
 * The folder with the built console, built first if the sources have changed since (Vite, some seconds; otherwise
 * some milliseconds). Several callers at once are fine: a build appears whole, by renaming.
 */
export async function ensureBuilt(): Promise<string> {
  const hash = await hashOfSources()
  if (existsSync(stamp) && (await readFile(stamp, 'utf8')) === hash) return dist
  const making = join(root, `dist.${process.pid}`)
  const { build } = await import('vite')
  await build({ configFile: join(root, 'vite.config.ts'), logLevel: 'warn', build: { outDir: making } })
  await writeFile(join(making, '.sources'), hash)
  await rm(dist, { recursive: true, force: true })
  await rename(making, dist).catch(async (cause: NodeJS.ErrnoException) => {
    await rm(making, { recursive: true, force: true })
    if (cause.code !== 'ENOTEMPTY' && cause.code !== 'EEXIST') throw cause
  })
  return dist
}

/** SHA-256 over names and contents of everything that the build reads, and the versions of what it reads it with. */
async function hashOfSources(): Promise<string> {
  const hash = createHash('sha256')
  const require = createRequire(import.meta.url)
  for (const name of ['vite', 'maplibre-gl', 'react', 'uplot', 'i18next', 'socket.io-client']) {
    hash.update(`${name}@${(require(`${name}/package.json`) as { version: string }).version}\n`)
  }
  const sources = ['index.html', 'vite.config.ts', 'package.json']
  for (const folder of ['src', 'public', '../../model/src']) {
    for (const entry of await readdir(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (entry.isFile() && !entry.name.includes('.test.')) sources.push(join(entry.parentPath, entry.name))
    }
  }
  for (const path of sources.sort()) {
    const full = path.startsWith(root) || path.startsWith('/') ? path : join(root, path)
    hash
      .update(`${full.slice(root.length)}\0`)
      .update(await readFile(full))
      .update('\0')
  }
  return hash.digest('hex')
}

async function printSizes(folder: string): Promise<void> {
  const assets = join(folder, 'assets')
  await mkdir(assets, { recursive: true })
  const html = await readFile(join(folder, 'index.html'), 'utf8')
  let first = 0
  for (const name of (await readdir(assets)).sort()) {
    const size = gzipSync(await readFile(join(assets, name))).length
    const needed = html.includes(name)
    if (needed) first += size
    process.stdout.write(
      `${(size / 1000).toFixed(1).padStart(8)} kB  ${needed ? 'first' : 'lazy '}  ${name}\n`,
    )
  }
  process.stdout.write(`${(first / 1000).toFixed(1).padStart(8)} kB  gzip until the alert list works\n`)
}

if (import.meta.main) await printSizes(await ensureBuilt())
