import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeyPem, signingKey } from '@farwatch/evidence'
import { encodeBatch, topics } from '@farwatch/model'
import { expect, test } from 'vitest'
import { batch, batches, testCentre } from './testing.ts'

const centre = testCentre()
const { start, stop, records, refusals, counted, gateway } = centre

test('J2 batches are stored in any order, duplicates recognised, gaps asked for', async () => {
  const { send, verdicts } = await gateway()
  const one = batch(1, undefined)
  const two = batch(2, one)
  const three = batch(3, two)
  expect(await send(two)).toEqual({ verdict: 'stored', seq: 2 })
  expect(verdicts.shift()).toEqual({ verdict: 'gap', seq: 2, expected: 1 })
  expect(await send(one)).toEqual({ verdict: 'stored', seq: 1 })
  expect(await send(one)).toEqual({ verdict: 'duplicate', seq: 1 })
  expect(await send(three)).toEqual({ verdict: 'stored', seq: 3 })
  expect(await send(two)).toEqual({ verdict: 'duplicate', seq: 2 })
  expect((await records()).map(({ kind }) => kind)).toEqual(['batch', 'batch', 'batch'])
})

test('F3 the chain goes on after a restart, from the journal alone', async () => {
  let sender = await gateway()
  const one = batch(1, undefined)
  await sender.send(one)
  const two = batch(2, one)
  await stop()
  await start()
  sender = await gateway()
  expect(await sender.send(one)).toEqual({ verdict: 'duplicate', seq: 1 })
  expect(await sender.send(two)).toEqual({ verdict: 'stored', seq: 2 })
  await stop()
  await rm(join(centre.home, 'chains.json'))
  await start()
  sender = await gateway()
  expect(await sender.send(two)).toEqual({ verdict: 'duplicate', seq: 2 })
})

test('F3 forged, foreign, broken and rubbish batches are refused with their reason and kept', async () => {
  const { send, client } = await gateway()
  const foreign = batch(1, undefined, { point: 'E10/d/pm10' })
  const two = batch(2, foreign)
  const stranger = signingKey(generateKeyPem())
  expect(await send(batch(1, undefined, { signer: stranger }))).toMatchObject({ verdict: 'held' })
  expect(await send(foreign)).toMatchObject({
    verdict: 'rejected',
    reason: 'E10/d/pm10 belongs to no gateway, not to GW-1',
  })
  expect(await send(two)).toMatchObject({ verdict: 'stored' })
  expect(await send(batch(3, batch(2, foreign, { value: 7 })))).toMatchObject({ verdict: 'forked' })
  expect(await send(batch(2, foreign, { value: 7 }))).toMatchObject({
    verdict: 'forked',
    reason: expect.stringMatching(/another batch/),
  })
  const altered = encodeBatch(batch(3, two))
  altered[altered.length - 3]! ^= 1
  expect(await send(altered)).toMatchObject({ verdict: 'held', seq: 3 })
  await client.publishAsync(topics.batch('GW-1'), Buffer.of(1), { qos: 1 })
  await expect
    .poll(async () => (await refusals()).map((reason) => reason.split(':')[0]), { timeout: 5_000 })
    .toEqual(['foreign-point', 'malformed-batch', 'malformed-batch'])
  expect(await counted('forked-chain')).toBe(2)
  expect(await send(batch(3, two))).toMatchObject({ verdict: 'stored' })
})

test('F3 the chain goes on behind a refused batch, also after a crash', async () => {
  const foreign = batch(1, undefined, { point: 'E10/d/pm10' })
  let sender = await gateway()
  expect(await sender.send(foreign)).toMatchObject({ verdict: 'rejected' })
  await stop()
  await rm(join(centre.home, 'chains.json'))
  await start()
  sender = await gateway()
  expect(await sender.send(batch(2, foreign))).toEqual({ verdict: 'stored', seq: 2 })
})

test('J6 a batch that cannot be read is asked for again, refused for good the third time, and does not end the chain', async () => {
  let { send } = await gateway()
  const one = batch(1, undefined)
  const torn = { ...one, series: [one.series[0]!.subarray(1)] }
  for (const verdict of ['held', 'held', 'rejected'])
    expect(await send(torn)).toMatchObject({
      verdict,
      seq: 1,
      reason: expect.stringMatching(/bad-series|canonical/),
    })
  expect((await refusals()).map((reason) => reason.split(':')[0])).toEqual([
    'malformed-batch',
    'malformed-batch',
    'malformed-in-place',
  ])
  await stop()
  await rm(join(centre.home, 'chains.json'))
  await start()
  send = (await gateway()).send
  expect(await send(batch(2, one))).toEqual({ verdict: 'stored', seq: 2 })
})

test('J6 a batch that was altered on the way is stored when it comes again as it was', async () => {
  const { send } = await gateway()
  const one = batch(1, undefined)
  const altered = encodeBatch(one)
  altered[altered.length - 3]! ^= 1
  expect(await send(altered)).toMatchObject({ verdict: 'held', seq: 1 })
  expect(await send(one)).toEqual({ verdict: 'stored', seq: 1 })
})

test('F3 a batch that differs from the one stored in its place, however far back, is never called a duplicate', async () => {
  const { send } = await gateway()
  const one = batch(1, undefined)
  const two = batch(2, one)
  for (const message of [one, two, batch(3, two)])
    expect(await send(message)).toMatchObject({ verdict: 'stored' })
  expect(await send(batch(1, undefined, { value: 7 }))).toMatchObject({ verdict: 'forked', seq: 1 })
  expect(await send(one)).toMatchObject({ verdict: 'duplicate', seq: 1 })
  await stop()
  await start()
  const { send: after } = await gateway()
  expect(await after(batch(2, one, { value: 7 }))).toMatchObject({ verdict: 'forked', seq: 2 })
  expect(await after(two)).toMatchObject({ verdict: 'duplicate', seq: 2 })
})

test('J2 reordered and overlapping replays are stored once each, whatever was there', async () => {
  const { sendAll } = await gateway()
  const all = batches(8)
  const order = [8, 3, 4, 1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 1]
  const seen = await sendAll(order.map((seq) => all[seq - 1]!))
  expect(seen.map((verdict) => verdict.slice(0, 1)).join('')).toBe('sssssddsddssdd')
  expect(await records()).toHaveLength(8)
})
