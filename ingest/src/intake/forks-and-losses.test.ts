import { cp, rename, rm } from 'node:fs/promises'
import { batchHash, generateKeyPem, sign1, signingKey } from '@farwatch/evidence'
import { encodeLoss, type LossDeclaration, topics } from '@farwatch/model'
import { expect, test } from 'vitest'
import { batch, batches, key, testCentre } from './testing.ts'

const centre = testCentre()
const { start, stop, records, refusals, counted, gateway } = centre

test.each([5, 500])(
  'J2 a gateway restored from an old disk image, %i batches back, is told that it forked, and nothing of it is taken',
  async (back) => {
    const sender = await gateway()
    const all = batches(505)
    await sender.sendAll(all)
    const from = all.length - back + 1
    const twin = batches(2, all[from - 2], from, -1)
    expect(await sender.send(twin[0]!)).toMatchObject({ verdict: 'forked', seq: from })
    expect(await sender.send(twin[1]!)).toMatchObject({ verdict: 'forked', seq: from + 1 })
    await stop()
    await start()
    const { send } = await gateway()
    expect(await send(twin[0]!)).toMatchObject({ verdict: 'forked', seq: from })
    expect(await send(all[from - 1]!)).toMatchObject({ verdict: 'duplicate', seq: from })
    expect((await records()).filter(({ kind }) => kind === 'batch')).toHaveLength(all.length)
  },
)

test('J2 two gateways with one key and one folder: the first of each place is stored, the other told that it forked', async () => {
  const { send } = await gateway()
  const [one] = batches(1)
  await send(one!)
  const [mine, other] = [batches(3, one, 2, 10), batches(3, one, 2, 20)]
  expect(await send(mine[0]!)).toMatchObject({ verdict: 'stored' })
  expect(await send(other[0]!)).toMatchObject({ verdict: 'forked' })
  expect(await send(mine[1]!)).toMatchObject({ verdict: 'stored' })
  expect(await send(other[1]!)).toMatchObject({ verdict: 'forked' })
  expect(await send(other[2]!)).toMatchObject({ verdict: 'forked' })
  expect(await counted('forked-chain')).toBe(3)
})

test('J2 a centre restored from an older copy takes what comes now and asks for what it misses', async () => {
  let sender = await gateway()
  const all = batches(12)
  for (const message of all.slice(0, 4)) await sender.send(message)
  await stop()
  await cp(centre.home, `${centre.home}-copy`, { recursive: true })
  await start()
  sender = await gateway()
  for (const message of all.slice(4, 9)) await sender.send(message)
  await stop()
  await rm(centre.home, { recursive: true })
  await rename(`${centre.home}-copy`, centre.home)
  await start()
  sender = await gateway()
  expect(await sender.send(all[9]!)).toEqual({ verdict: 'stored', seq: 10 })
  expect(sender.verdicts.shift()).toEqual({ verdict: 'gap', seq: 10, expected: 5 })
  for (const message of all.slice(4, 9))
    expect(await sender.send(message)).toMatchObject({ verdict: 'stored' })
  expect(await sender.send(all[10]!)).toEqual({ verdict: 'stored', seq: 11 })
  expect(sender.verdicts).toEqual([])
})

test('J2 a declared loss is put down once, and a batch that comes after all is stored', async () => {
  const { send, sendAll, declare } = await gateway()
  const all = batches(9)
  const hash = (seq: number) => batchHash(all[seq - 1]!)
  await sendAll([all[0]!, all[8]!])
  const lost = declaration({ from: 2, to: 8, prev: hash(1), last: hash(8), readings: 7 })
  expect(await declare(lost)).toEqual({ verdict: 'declared', from: 2, seq: 8 })
  expect(await declare(lost)).toEqual({ verdict: 'declared', from: 2, seq: 8 })
  expect((await records()).map(({ kind }) => kind)).toEqual(['batch', 'batch', 'loss'])
  expect(await send(all[4]!)).toEqual({ verdict: 'stored', seq: 5 })
  expect(await send(all[4]!)).toEqual({ verdict: 'duplicate', seq: 5 })
  expect(await send(batch(6, all[3]))).toMatchObject({ verdict: 'forked' })
})

test('J2 a false declaration is refused: forged, foreign, contradicting what is stored, rubbish', async () => {
  const { send, declare, client } = await gateway()
  for (const message of batches(3)) await send(message)
  const wrong = new Uint8Array(32).fill(7)
  expect(await declare(declaration({ from: 4, to: 6, prev: wrong }))).toMatchObject({
    verdict: 'declared',
    problem: 'the hash of batch 3 is another one than it says',
  })
  expect(await declare(declaration({ from: 1, to: 2, last: wrong }))).toMatchObject({
    problem: 'the hash of batch 2 is another one than it says',
  })
  expect(await declare(declaration({ from: 4, to: 6, gateway: 'GW-2' }))).toMatchObject({
    problem: 'signed as GW-2, sent by GW-1',
  })
  const forged = declaration({ from: 4, to: 6 })
  forged[forged.length - 1]! ^= 1
  expect(await declare(forged)).toMatchObject({ problem: 'the signature does not match' })
  await client.publishAsync(topics.loss('GW-1'), 'x', { qos: 1 })
  const stranger = signingKey(generateKeyPem())
  await client.publishAsync(topics.loss('GW-1'), Buffer.from(declaration({ from: 4, to: 6 }, stranger)), {
    qos: 1,
  })
  expect((await refusals()).map((reason) => reason.split(':')[0])).toEqual([
    'contradicted-loss',
    'contradicted-loss',
    'forged',
    'forged',
    'malformed-loss',
  ])
  expect(await counted('loss-not-taken')).toBe(1)
  expect((await records()).some(({ kind }) => kind === 'loss')).toBe(false)
})

function declaration(range: Partial<LossDeclaration> & Pick<LossDeclaration, 'from' | 'to'>, signer = key) {
  const place = { gateway: 'GW-1', chain: '00000000000000aa' }
  const loss = {
    v: 1 as const,
    kind: 'loss' as const,
    ...place,
    reason: 'bytes' as const,
    madeMs: 1,
    ...range,
  }
  return sign1(encodeLoss(loss), signer)
}
