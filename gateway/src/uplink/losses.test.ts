import { openSync, writeSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { batchHash, openSign1, verifyingKey, verifySign1 } from '@farwatch/evidence'
import { decodeBatch, decodeLoss } from '@farwatch/model'
import { openJournal, silentLog, systemClock } from '@farwatch/runtime'
import { expect, onTestFinished, test } from 'vitest'
import { lossIn } from './gone.ts'
import { openLosses } from './losses.ts'
import { journalWith, sealedChain, temporaryFolder, testKey } from './testing.ts'
import { headerOf } from './window.ts'

const chains = ['00000000000000aa', '00000000000000bb'] as const
const [first, second] = chains.map((chain) => sealedChain(chain, 10))

const open = (folder: string) =>
  openLosses({ gateway: 'GW-1', key: testKey, folder, clock: systemClock, log: silentLog })

test('J2 what goes is declared for each chain, with the hashes that let the chain go on behind it', async () => {
  const { journal } = await journalWith([...first!, ...second!])
  const losses = await lossIn(journal, { from: 4, until: 13 }, 'bytes')
  expect(losses).toEqual([
    {
      ...{ chain: chains[0], from: 4, to: 10, reason: 'bytes', readings: 7 },
      ...{ firstMadeMs: 4_000, lastMadeMs: 10_000 },
      prev: Uint8Array.from(headerOf(first![3]!).prev),
      last: batchHash(decodeBatch(first![9]!)),
    },
    {
      ...{ chain: chains[1], from: 1, to: 2, reason: 'bytes', readings: 2 },
      ...{ firstMadeMs: 1_000, lastMadeMs: 2_000 },
      prev: new Uint8Array(32),
      last: batchHash(decodeBatch(second![1]!)),
    },
  ])
})

test('J2 batches that the disk does not give back are declared by what stands around them', async () => {
  const folder = join(await temporaryFolder('rot'), 'journal')
  let journal = await openJournal({ folder, log: silentLog })
  for (const record of first!) await journal.append(record)
  await journal.close()
  const [name] = (await readdir(folder)).filter((one) => one.endsWith('.log'))
  const size = first![0]!.length
  const file = openSync(join(folder, name!), 'r+')
  for (const seq of [4, 5])
    writeSync(file, Buffer.alloc(40, 0xee), 0, 40, Math.floor((seq - 0.5) * (size + 20)))
  journal = await openJournal({ folder, log: silentLog })
  onTestFinished(() => journal.close())
  const damaged = (await journal.read(1)).filter(({ payload }) => payload === undefined)
  expect(damaged.length).toBeGreaterThan(0)
  const [from, to] = [damaged[0]!.position, damaged.at(-1)!.position]
  const [loss, ...more] = await lossIn(journal, { from, until: to + 1 }, 'damaged')
  expect(more).toEqual([])
  expect(loss).toMatchObject({ chain: chains[0], from, to, reason: 'damaged' })
  expect(Buffer.compare(loss!.prev!, batchHash(decodeBatch(first![from - 2]!)))).toBe(0)
  expect(Buffer.compare(loss!.last!, headerOf(first![to]!).prev)).toBe(0)
})

test('J2 losses are signed, survive a restart, adjoining ones are one, and what was sent stays as it is', async () => {
  const folder = await temporaryFolder('losses')
  const chain = chains[0]
  const losses = await open(folder)
  for (let from = 1; from < 50; from += 2) {
    await losses.declare([{ chain, from, to: from + 1, reason: 'disk-full', readings: 3 }])
  }
  expect(losses.total).toEqual({ batches: 50, readings: 75 })
  // A crash between the declaration and the removal asks again.
  await losses.declare([{ chain, from: 49, to: 50, reason: 'disk-full', readings: 3 }])
  const again = await open(folder)
  expect(again.total).toEqual({ batches: 50, readings: 75 })
  const pending = await again.sending()
  expect(pending.map(({ loss }) => [loss.from, loss.to, loss.readings])).toEqual([[1, 50, 75]])
  const message = openSign1(pending[0]!.signed)
  expect(verifySign1(message, verifyingKey(testKey.publicKey))).toBe(true)
  expect(decodeLoss(message.payload)).toMatchObject({ gateway: 'GW-1', chain, reason: 'disk-full' })
  await again.declare([{ chain, from: 51, to: 60, reason: 'disk-full' }])
  const third = await open(folder)
  expect(third.pending.map(({ loss }) => [loss.from, loss.to])).toEqual([
    [1, 50],
    [51, 60],
  ])
  await third.settle(chain, { verdict: 'declared', from: 1, seq: 50 })
  await third.settle(chain, { verdict: 'declared', from: 51, seq: 60, problem: 'contradicted' })
  const last = await open(folder)
  expect(last.pending).toEqual([])
  expect(last.total).toEqual({ batches: 60, readings: 75 })
})

test('J2 a file of losses that cannot be understood stops the start instead of being forgotten', async () => {
  const folder = await temporaryFolder('losses')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'losses.json'), '{"v": 1')
  await expect(open(folder)).rejects.toMatchObject({ code: 'bad-losses' })
})
