import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPem, signingKey, signRotation } from '@farwatch/evidence'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Credentials } from './credentials.ts'

let home: string
let file: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'farwatch-credentials-'))
  file = join(home, 'credentials.json')
})
afterEach(() => rm(home, { recursive: true, force: true }))

const [first, second, third] = [0, 1, 2].map(() => signingKey(generateKeyPem()))
const idsOf = (credentials: Credentials, gateway = 'GW-1') =>
  credentials.keysOf(gateway).map(({ keyId }) => keyId)
const rotation = (gateway = 'GW-1', keys = { from: first!, to: second! }) =>
  signRotation({ gateway, chain: '0123456789abcdef', seq: 3, madeMs: 5 }, keys)

test('J4 credentials from before keys had a life are taken over once', async () => {
  const passwordSha256 = '0'.repeat(64)
  const gateways = { 'GW-1': { passwordSha256, publicKeys: [first!.publicKey] } }
  await writeFile(file, JSON.stringify({ v: 1, gateways, devices: {} }))
  const credentials = await Credentials.open(file)
  expect(idsOf(credentials)).toEqual([first!.keyId])
  expect(credentials.keys.get(first!.keyId)?.how).toBe('first-use')
  const text = await readFile(file, 'utf8')
  expect(JSON.parse(text)).toMatchObject({ v: 2, gateways: { 'GW-1': { passwordSha256 } } })
  expect((await Credentials.open(file)).keys.entries).toEqual(credentials.keys.entries)
  expect(await readFile(file, 'utf8')).toBe(text)
  expect((await stat(join(home, 'centre-key.pem'))).mode & 0o777).toBe(0o600)
})

test('J4 a key directory that was changed behind the back of the centre is refused', async () => {
  const credentials = await Credentials.open(file)
  await credentials.enrolGateway('GW-1', first!.publicKey)
  await credentials.revokeKey('GW-1', { keyId: first!.keyId, fromMs: 5, reason: 'lost' })
  const stored = JSON.parse(await readFile(file, 'utf8')) as { keys: string[] }
  for (const keys of [stored.keys.toSpliced(1, 1), stored.keys.toReversed(), []]) {
    await writeFile(file, JSON.stringify({ ...stored, keys }))
    await expect(Credentials.open(file)).rejects.toMatchObject({ code: 'bad-credentials' })
  }
})

test('J4 changes by two processes at once are all kept', async () => {
  const all = await Promise.all([0, 1, 2, 3].map(() => Credentials.open(file)))
  await Promise.all(
    all.flatMap((one, i) => [one.enrolGateway(`GW-${i}`), one.enrolDevice(`meter-${i}`, 'S')]),
  )
  const credentials = await Credentials.open(file)
  expect(credentials.gateways.toSorted()).toEqual(['GW-0', 'GW-1', 'GW-2', 'GW-3'])
  expect(credentials.anonymousAllowed).toBe(false)
})

test('J4 a rotation is taken from a key that stands, for its own gateway, once', async () => {
  const credentials = await Credentials.open(file)
  await credentials.enrolGateway('GW-1', first!.publicKey)
  await credentials.enrolGateway('GW-2')
  expect(await credentials.acceptRotation('GW-2', rotation())).toMatch(/GW-1/)
  const stranger = rotation('GW-1', { from: third!, to: second! })
  expect(await credentials.acceptRotation('GW-1', stranger)).toMatch(/not known/)
  expect(await credentials.acceptRotation('GW-1', Buffer.from('x'))).toMatch(/rotation/)
  expect(await credentials.acceptRotation('GW-1', rotation())).toBeUndefined()
  const { length } = credentials.keys.entries
  expect(await credentials.acceptRotation('GW-1', rotation())).toBeUndefined()
  expect(credentials.keys.entries).toHaveLength(length)
  expect(idsOf(credentials)).toEqual([second!.keyId])
  const again = rotation('GW-1', { from: first!, to: third! })
  expect(await credentials.acceptRotation('GW-1', again)).toMatch(/retired/)
})

test('J4 a revoked key names no successor, and no first use follows it', async () => {
  const credentials = await Credentials.open(file)
  await credentials.enrolGateway('GW-1')
  expect(await credentials.offerKey('GW-1', first!.publicKey)).toBe(true)
  await credentials.revokeKey('GW-1', { keyId: first!.keyId, fromMs: 5, reason: 'stolen' })
  expect(await credentials.acceptRotation('GW-1', rotation())).toMatch(/revoked/)
  expect(await credentials.offerKey('GW-1', second!.publicKey)).toBe(false)
  await expect(credentials.enrolKey('GW-1', first!.publicKey)).rejects.toMatchObject({ code: 'bad-key' })
  await credentials.enrolKey('GW-1', second!.publicKey)
  expect(idsOf(credentials)).toEqual([second!.keyId])
  const missing = { keyId: third!.keyId, fromMs: 5, reason: 'x' }
  await expect(credentials.revokeKey('GW-1', missing)).rejects.toMatchObject({ code: 'unknown-key' })
})
