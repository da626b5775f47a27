import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { FarwatchError } from '@farwatch/model'
import { type Browser, chromium } from 'playwright-core'

const run = promisify(execFile)

/** A Chromium that starts on this machine. */
export interface FoundBrowser {
  readonly path: string
  /** `153.0.7923.0` */
  readonly version: string
  readonly source: 'CHROMIUM_PATH' | 'system' | 'npm'
  /** What its process needs beside the caller's own environment. */
  readonly env: Readonly<Record<string, string>>
}

/** Headless, WebGL in software, and no traffic of the browser's own. Sandboxing needs rights that containers lack. */
export const browserArguments: readonly string[] = [
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--no-sandbox',
  '--disable-background-networking',
]

let found: Promise<FoundBrowser> | undefined

/**
 * The first that answers of `CHROMIUM_PATH`, Debian's Chromium, and the one inside the npm package, which is unpacked
 * once (209 MB, 4 s) into `node_modules/.cache`. A `CHROMIUM_PATH` that does not answer is an error, not passed over.
 * @throws FarwatchError `browser-missing` telling what was tried.
 */
export function findBrowser(): Promise<FoundBrowser> {
  found ??= search()
  return found
}

/** A running headless browser; the caller closes it. */
export async function launchBrowser(): Promise<Browser> {
  const { path, env } = await findBrowser()
  return chromium.launch({
    executablePath: path,
    args: [...browserArguments],
    env: { ...(process.env as Record<string, string>), ...env },
  })
}

async function search(): Promise<FoundBrowser> {
  const tried: string[] = []
  const asked = process.env.CHROMIUM_PATH
  if (asked) {
    const browser = await probe(asked, 'CHROMIUM_PATH', {}, tried)
    if (browser) return browser
  } else {
    const system = existsSync('/usr/bin/chromium')
      ? await probe('/usr/bin/chromium', 'system', {}, tried)
      : undefined
    const browser = system ?? (await packaged(tried))
    if (browser) return browser
  }
  throw new FarwatchError(
    'browser-missing',
    `no Chromium starts here: ${tried.join('; ')}. Install chromium, or set CHROMIUM_PATH to one`,
  )
}

async function packaged(tried: string[]): Promise<FoundBrowser | undefined> {
  const folder = await unpack()
  const path = join(folder, 'chromium')
  const fonts = existsSync('/etc/fonts/fonts.conf') ? undefined : { FONTCONFIG_PATH: join(folder, 'fonts') }
  const plain = await probe(path, 'npm', { ...fonts }, tried)
  if (plain) return plain
  // A bare machine lacks NSS; the package brings it, built against a C library older than Debian 12's.
  return probe(path, 'npm', { ...fonts, LD_LIBRARY_PATH: join(folder, 'al2023', 'lib') }, tried)
}

/**
 * The package unpacks into the temporary folder under a fixed name and takes whatever is there for finished, so two
 * processes at once would run half a file. Here each unpacks into a folder of its own and the first to finish gives it
 * its name. In a process of its own because the package reads `TMPDIR`, which belongs to the whole process.
 */
async function unpack(): Promise<string> {
  const require = createRequire(import.meta.url)
  const entry = require.resolve('@sparticuz/chromium')
  const home = dirname(dirname(entry))
  const { version } = require(join(home, 'package.json')) as { version: string }
  const cache = join(dirname(dirname(home)), '.cache')
  const folder = join(cache, `farwatch-chromium-${version}`)
  if (existsSync(folder)) return folder
  await mkdir(cache, { recursive: true })
  const draft = await mkdtemp(join(cache, 'farwatch-chromium-draft-'))
  try {
    const script = [
      `import chromium, { inflate } from ${JSON.stringify(import.meta.resolve('@sparticuz/chromium'))}`,
      'await chromium.executablePath()',
      `await inflate(${JSON.stringify(join(home, 'bin', 'al2023.tar.br'))})`,
    ].join('\n')
    await run(process.execPath, ['--input-type=module', '--eval', script], {
      env: { ...process.env, TMPDIR: draft },
      timeout: 120_000,
    })
    await rename(draft, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return folder
}

async function probe(
  path: string,
  source: FoundBrowser['source'],
  env: Record<string, string>,
  tried: string[],
): Promise<FoundBrowser | undefined> {
  try {
    const { stdout } = await run(path, ['--version'], { env: { ...process.env, ...env }, timeout: 30_000 })
    const version = /\d+(?:\.\d+){3}/.exec(stdout)?.[0]
    if (version !== undefined) return { path, version, source, env }
    tried.push(`${path} answered "${stdout.trim().slice(0, 80)}" to --version`)
  } catch (error) {
    tried.push(`${path}: ${(error as Error).message.trim().split('\n').at(-1)}`)
  }
  return undefined
}
