import { spawnSync } from 'node:child_process'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Quality } from '@farwatch/model'
import { foreignPeer } from '@farwatch/runtime/testing'
import { expect, onTestFinished, type TestContext, test } from 'vitest'
import type { Sample } from '../../driver.ts'
import { Life, testContext } from '../../testbed/context.ts'
import { ended, runForeign, startForeign } from '../../testbed/foreign.ts'
import { closedPort } from '../../testbed/tcp-proxy.ts'
import { OpcuaAddress } from './address.ts'
import { opcua } from './index.ts'

/**
 * Debian has open62541 from trixie on. On an older one, a trixie folder with gcc and libopen62541-1.4-dev does:
 * `debootstrap --variant=minbase --include=gcc,libc6-dev,libopen62541-1.4-dev trixie DIR`, FARWATCH_OPEN62541_ROOT=DIR.
 */
const root = process.env.FARWATCH_OPEN62541_ROOT ?? '/var/tmp/farwatch-open62541'
const source = fileURLToPath(new URL('../../../testdata/open62541_server.c', import.meta.url))

/** Skips, under CI too, where the machine cannot have it. */
function skipWithoutOpen62541(context: TestContext): void {
  const script = "command -v gcc && dpkg-query -W -f '${Version}' libopen62541-1.4-dev"
  const { status, stdout } = spawnSync('chroot', [root, 'sh', '-c', script], { encoding: 'utf8' })
  const version = /\d+(?:\.\d+)+/.exec(stdout ?? '')?.[0]
  if (status !== 0 || version === undefined)
    context.skip('not run: open62541 is not installed (Debian trixie: gcc, libopen62541-1.4-dev)')
  foreignPeer(context, { name: 'open62541', version })
}

/** Compiles the server inside the folder, and says where it lies there. */
async function compile(): Promise<string> {
  const folder = await mkdtemp(join(root, 'tmp', 'farwatch-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await copyFile(source, join(folder, 'server.c'))
  const inside = folder.slice(root.length)
  const args = [root, 'gcc', '-o', `${inside}/server`, `${inside}/server.c`, '-lopen62541']
  expect(await runForeign('chroot', args)).toBe(0)
  return `${inside}/server`
}

const start = (program: string, port: number) => startForeign('chroot', [root, program, `${port}`], /READY/)

test('F6 an open62541 server is subscribed to, also after it was killed and restarted', {
  timeout: 30_000,
}, async (run) => {
  skipWithoutOpen62541(run)
  const program = await compile()
  const port = await closedPort()
  const first = await start(program, port)
  const context = await testContext()
  const points = ['level', 'steady', 'flag', 'broken', 'nowhere'].map((name) => ({
    key: `S/d/${name}`,
    address: OpcuaAddress.parse({ node: `ns=1;s=${name}` }),
    intervalMs: 50,
  }))
  const config = opcua.config.parse({ endpoint: `opc.tcp://127.0.0.1:${port}`, timeoutMs: 2_000 })
  const driver = opcua.create(config, points, context)
  const life = new Life(driver)
  const levels = (all: readonly Sample[]) =>
    all.filter(({ point }) => point === 'S/d/level').map(({ value }) => value!)
  const samples = await life.until(
    (all) => levels(all).length >= 5 && new Set(all.map(({ point }) => point)).size === 5,
  )
  const of = (name: string) => samples.find(({ point }) => point === `S/d/${name}`)
  expect(of('steady')).toMatchObject({ value: 21.5, quality: Quality.good, timeSource: 'device' })
  expect(of('flag')?.value).toBe(1)
  expect(of('broken')).toMatchObject({ value: null, quality: Quality.badSensorFailure })
  expect(of('nowhere')).toMatchObject({ value: null, quality: Quality.badNodeIdUnknown })
  // Counting up by one: nothing is missing and nothing is double.
  const [from] = levels(samples)
  expect(levels(samples)).toEqual(levels(samples).map((_, i) => from! + i))

  const failure = life.failure()
  await ended(first.process)
  expect(await failure).toMatchObject({ code: 'lost' })
  await start(program, port)
  const next = new Life(driver)
  const again = levels(await next.until((all) => levels(all).length >= 5))
  expect(again).toEqual(again.map((_, i) => again[0]! + i))
})
