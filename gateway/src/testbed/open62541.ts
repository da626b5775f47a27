import { spawnSync } from 'node:child_process'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { foreignPeer } from '@farwatch/runtime/testing'
import { expect, onTestFinished, type TestContext } from 'vitest'
import { runForeign, startForeign } from './foreign.ts'

/**
 * Debian has open62541 from trixie on. On an older one, a trixie folder with gcc and libopen62541-1.4-dev does:
 * `debootstrap --variant=minbase --include=gcc,libc6-dev,libopen62541-1.4-dev trixie DIR`, FARWATCH_OPEN62541_ROOT=DIR.
 */
const root = process.env.FARWATCH_OPEN62541_ROOT ?? '/var/tmp/farwatch-open62541'
const source = fileURLToPath(new URL('../../testdata/open62541_server.c', import.meta.url))

/** Skips, under CI too, where the machine cannot have it. */
export function skipWithoutOpen62541(context: TestContext): void {
  const script = "command -v gcc && dpkg-query -W -f '${Version}' libopen62541-1.4-dev"
  const { status, stdout } = spawnSync('chroot', [root, 'sh', '-c', script], { encoding: 'utf8' })
  const version = /\d+(?:\.\d+)+/.exec(stdout ?? '')?.[0]
  if (status !== 0 || version === undefined)
    context.skip('not run: open62541 is not installed (Debian trixie: gcc, libopen62541-1.4-dev)')
  foreignPeer(context, { name: 'open62541', version })
}

/** Compiles the server inside the folder, and says where it lies there. */
export async function compileOpen62541(): Promise<string> {
  const folder = await mkdtemp(join(root, 'tmp', 'farwatch-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await copyFile(source, join(folder, 'server.c'))
  const inside = folder.slice(root.length)
  const args = [root, 'gcc', '-o', `${inside}/server`, `${inside}/server.c`, '-lopen62541']
  expect(await runForeign('chroot', args)).toBe(0)
  return `${inside}/server`
}

/** Starts what was compiled on a port of loopback; its variables are told in the C file. */
export const startOpen62541 = (program: string, port: number) =>
  startForeign('chroot', [root, program, `${port}`], /READY/)
