import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  breakOf,
  emptyChain,
  generateKeyPem,
  leafHash,
  openSeal,
  rootOfHashes,
  type Seal,
  signingKey,
  verifyingKey,
  verifySign1,
} from '@farwatch/evidence'
import { type CentreRecord, decodeRecord, encodeRecord, FarwatchError, isPlain } from '@farwatch/model'
import { type Journal, openJournal, silentLog, systemClock } from '@farwatch/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Sealer } from './sealer.ts'

const key = signingKey(generateKeyPem())
const publicKey = verifyingKey(key.publicKey)
let home: string
let journal: Journal

const open = () =>
  Sealer.open({ journal, key, clock: systemClock, log: silentLog, path: join(home, 'seals.json') })

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'farwatch-seal-'))
  journal = await openJournal({ folder: join(home, 'journal'), log: silentLog })
})
afterEach(async () => {
  await journal.close()
  await rm(home, { recursive: true, force: true })
})

const plain = (i: number): CentreRecord => ({
  kind: 'telemetry',
  ...{ receivedMs: i, site: 'S', device: 'd', bytes: Buffer.from(`{"m":${i}}`) },
})
const batch: CentreRecord = { kind: 'batch', receivedMs: 1, gateway: 'GW-1', bytes: Buffer.of(1) }

async function keep(sealer: Sealer | undefined, records: readonly CentreRecord[]): Promise<void> {
  await Promise.all(
    records.map(async (record) => {
      const payload = encodeRecord(record)
      const position = await journal.append(payload)
      if (isPlain(record)) sealer?.note(position, payload)
    }),
  )
}

/** Checks that every plain record is under exactly one seal, in one whole chain; returns the seals. */
async function sound(): Promise<Seal[]> {
  const seals: Seal[] = []
  const leaves: { position: number; leaf: Uint8Array }[] = []
  let end = emptyChain('')
  for (let from = 1; from < journal.next; ) {
    for (const { position, payload } of await journal.read(from)) {
      if (payload === undefined) throw new Error(`${position} is damaged`)
      const record = decodeRecord(payload)
      if (isPlain(record)) leaves.push({ position, leaf: leafHash(payload) })
      if (record.kind === 'seal') {
        const { body, signed, hash } = openSeal(record.bytes)
        expect(verifySign1(signed, publicKey)).toBe(true)
        expect(breakOf(body, end.seq === 0 ? emptyChain(body.chain) : end)).toBeUndefined()
        end = { chain: body.chain, seq: body.seq, hash }
        seals.push(body)
      }
      from = position + 1
    }
  }
  for (const { from, to, count, root } of seals) {
    const under = leaves.filter(({ position }) => position >= from && position <= to)
    expect(under).toHaveLength(count)
    expect(Buffer.compare(rootOfHashes(under.map(({ leaf }) => leaf)), root)).toBe(0)
    expect(under[0]?.position).toBe(from)
  }
  expect(seals.reduce((sum, { count }) => sum + count, 0)).toBe(leaves.length)
  return seals
}

test('J4 what came without a gateway is sealed in one chain, at most 1,000 records a seal, and gateways are not', async () => {
  const sealer = await open()
  const records = Array.from({ length: 2_500 }, (_, i) => (i % 10 === 0 ? batch : plain(i)))
  await keep(sealer, records)
  await sealer.seal()
  await keep(sealer, [plain(1), batch])
  await sealer.seal()
  await sealer.seal()
  expect((await sound()).map(({ count }) => count)).toEqual([1_000, 1_000, 250, 1])
  await sealer.save()
  expect((await journal.cursor('seal')).position).toBe(journal.next)
})

test('J4 after a crash what was not sealed yet is sealed from the journal, and nothing twice', async () => {
  const first = await open()
  await keep(first, [plain(1), plain(2)])
  await first.seal()
  await first.save()
  await keep(first, [plain(3)])
  await first.seal()
  await keep(undefined, [plain(4), batch, plain(5)])
  const second = await open()
  expect(second.waiting).toBe(2)
  await second.seal()
  expect((await sound()).map(({ count }) => count)).toEqual([2, 1, 2])
  await keep(
    undefined,
    Array.from({ length: 1_500 }, (_, i) => plain(i)),
  )
  await (await open()).seal()
  await sound()
})

test('J4 a disk that does not take a seal for a while leaves nothing unsealed and the chain whole', async () => {
  const real = journal
  let refusing = false
  journal = new Proxy(real, {
    get: (target, name) => {
      const full = () => Promise.reject(new FarwatchError('journal-full', 'full', { retryable: true }))
      if (name === 'append' && refusing) return full
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const sealer = await open()
  await keep(sealer, [plain(1)])
  await sealer.seal()
  await keep(
    sealer,
    Array.from({ length: 1_200 }, (_, i) => plain(i)),
  )
  refusing = true
  await sealer.seal()
  expect(sealer.waiting).toBe(1_200)
  refusing = false
  await sealer.seal()
  expect((await sound()).map(({ count }) => count)).toEqual([1, 1_000, 200])
})
