import { readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { Quality } from '@farwatch/model'
import { expect, onTestFinished, test, vi } from 'vitest'
import { testDiallingDriver } from '../../driver-conformance.ts'
import { Life, type TestContext, temporaryFolder, testContext } from '../../testbed/context.ts'
import { OpcuaServer, type OpcuaServerOptions } from '../../testbed/opcua-server.ts'
import { closedPort } from '../../testbed/tcp-proxy.ts'
import { OpcuaAddress } from './address.ts'
import { opcua } from './index.ts'

interface Wanted {
  readonly port: number
  readonly nodes?: readonly string[]
  readonly config?: object
  readonly context?: TestContext
}

async function driverOf({ port, nodes = ['level'], config = {}, context }: Wanted) {
  const given = context ?? (await testContext())
  const points = nodes.map((name) => ({
    key: `S/d/${name}`,
    address: OpcuaAddress.parse({ node: `ns=1;s=${name}` }),
    intervalMs: 50,
  }))
  const parsed = opcua.config.parse({ endpoint: `opc.tcp://127.0.0.1:${port}`, timeoutMs: 1_000, ...config })
  return { driver: opcua.create(parsed, points, given), context: given }
}

async function server(options?: OpcuaServerOptions): Promise<OpcuaServer> {
  const opened = await OpcuaServer.open(options)
  onTestFinished(() => opened.close())
  return opened
}

testDiallingDriver({
  name: 'opcua',
  peer: () => OpcuaServer.open(),
  driver: async (port) => (await driverOf({ port })).driver,
})

test('F2 opcua: values with source time and status; booleans and 64-bit numbers; unknown nodes harm no other', async () => {
  const peer = await server()
  const { driver, context } = await driverOf({
    port: peer.port,
    nodes: ['level', 'flag', 'text', 'big', 'nowhere'],
  })
  const life = new Life(driver)
  const stamp = new Date('2026-11-23T08:00:00.250Z')
  peer.setLevel(2.5, stamp)
  const first = await life.until((all) => new Set(all.map(({ point }) => point)).size === 5)
  const of = (name: string) => first.find(({ point }) => point === `S/d/${name}`)
  expect(of('level')).toEqual({
    point: 'S/d/level',
    timeMs: stamp.getTime(),
    timeSource: 'device',
    value: 2.5,
    quality: Quality.good,
  })
  expect(of('flag')?.value).toBe(1)
  expect(of('big')?.value).toBe(-123)
  expect(of('text')).toMatchObject({ value: null, quality: Quality.badConfiguration })
  expect(of('nowhere')).toMatchObject({
    value: null,
    quality: Quality.badNodeIdUnknown,
    timeSource: 'gateway',
  })
  expect(context.problems).toEqual(['1 of 5 nodes cannot be read: ns=1;s=nowhere (BadNodeIdUnknown)'])
  peer.failLevel()
  const bad = await life.until((all) => all.some(({ quality }) => quality === Quality.badSensorFailure))
  expect(bad.at(-1)).toMatchObject({ point: 'S/d/level', value: null })
})

test('F2 opcua: a value that stays the same but is read anew is reported anew', async () => {
  const peer = await server()
  const { driver } = await driverOf({ port: peer.port })
  const life = new Life(driver)
  await life.until((all) => all.length === 1)
  const stamp = new Date(Date.now() + 1_000)
  peer.setLevel(1.5, stamp)
  const samples = await life.until((all) => all.length === 2)
  expect(samples.map(({ value }) => value)).toEqual([1.5, 1.5])
  expect(samples[1]?.timeMs).toBe(stamp.getTime())
})

test('F2 opcua: a restarted server has one session again, and values flow', async () => {
  const first = await OpcuaServer.open()
  const { port } = first
  const { driver } = await driverOf({ port })
  const life = new Life(driver)
  await life.until((all) => all.length > 0)
  const failure = life.failure()
  await first.close()
  expect(await failure).toMatchObject({ code: 'lost' })
  const second = await server({ port })
  const next = new Life(driver)
  await next.until((all) => all.length > 0)
  expect(second.sessions).toBe(1)
  second.setLevel(77)
  const samples = await next.until((all) => all.some(({ value }) => value === 77))
  expect(samples.filter(({ value }) => value === 77)).toHaveLength(1)
})

test('F2 opcua: SignAndEncrypt wants the certificate of the server trusted, says where it lies, and then works', async () => {
  const peer = await server({ secure: true })
  const wanted = { port: peer.port, config: { security: 'signAndEncrypt', timeoutMs: 5_000 } }
  const { driver, context } = await driverOf(wanted)
  expect(await new Life(driver).failure()).toMatchObject({
    code: 'security',
    message: expect.stringContaining(join(context.folder, 'pki', 'rejected')),
  })
  const rejected = join(context.folder, 'pki', 'rejected')
  for (const file of await readdir(rejected))
    await rename(join(rejected, file), join(context.folder, 'pki', 'trusted', 'certs', file))
  const [sample] = await new Life(driver).until((all) => all.length > 0)
  expect(sample?.value).toBe(1.5)
})

test('F2 opcua: keys and certificates are written under the home of the gateway and nowhere else', async () => {
  const home = await temporaryFolder()
  vi.stubEnv('HOME', home)
  vi.stubEnv('XDG_CONFIG_HOME', join(home, '.config'))
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  const peer = await server()
  const { driver, context } = await driverOf({ port: peer.port })
  await new Life(driver).until((all) => all.length > 0)
  expect(await readdir(join(context.folder, 'pki', 'own', 'private'))).toEqual(['private_key.pem'])
  expect(await readdir(home)).toEqual([])
})

test('F2 opcua: two links share one certificate and do not hinder each other', async () => {
  const peer = await server()
  const context = await testContext()
  const lives = await Promise.all(
    [1, 2].map(async () => new Life((await driverOf({ port: peer.port, context })).driver)),
  )
  await Promise.all(lives.map((life) => life.until((all) => all.length > 0)))
  expect(peer.sessions).toBe(2)
})

test('F8 opcua: wrong credentials and a server that is not there are told as such', async () => {
  const peer = await server()
  const credentials = { username: 'nobody', password: 'wrong' }
  const { driver } = await driverOf({ port: peer.port, config: credentials })
  expect(await new Life(driver).failure()).toMatchObject({
    message: expect.stringMatching(/Bad|[Ii]dentity|[Uu]ser/),
  })
  const port = await closedPort()
  const { driver: lonely } = await driverOf({ port })
  expect(await new Life(lonely).failure()).toMatchObject({
    message: expect.stringContaining(`127.0.0.1:${port}`),
  })
})
