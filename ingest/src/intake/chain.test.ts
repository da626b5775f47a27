import { createHash, randomInt } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  batchHash,
  generateKeyPem,
  noHash,
  openBatch,
  sealBatch,
  sign1,
  signingKey,
} from '@farwatch/evidence'
import { encodeBatch, encodeLoss, encodeRecord, type LossDeclaration } from '@farwatch/model'
import { type Journal, openJournal, silentLog } from '@farwatch/runtime'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Chain, maxIslands } from './chain.ts'
import { Chains } from './chains.ts'

const key = signingKey(generateKeyPem())
const seed = randomInt(2 ** 31)
const place = { gateway: 'GW-1', chain: '00000000000000aa' }

/** A chain of signed batches; `from` continues another one, which makes it a fork. */
function chainOf(length: number, { from = 1, prev = noHash, value = 0 } = {}) {
  const batches = []
  for (let seq = from; seq < from + length; seq++) {
    const series = {
      ...{ point: 'E01/d/m', timeSource: 'device' as const, timesMs: Float64Array.of(1) },
      ...{ values: Float64Array.of(value), qualities: Uint16Array.of(0) },
    }
    const message = sealBatch(
      [series],
      { ...place, boot: '00000000000000bb', seq, prev, madeMs: 1, monotonicMs: 1 },
      key,
    )
    prev = batchHash(message)
    const bytes = encodeBatch(message)
    batches.push({ seq, header: openBatch(bytes).header, hash: prev, bytes })
  }
  return batches
}

type Sealed = ReturnType<typeof chainOf>[number]

const length = 24
const chain = chainOf(length)
const forks = [3, 12, 20].map((from) =>
  chainOf(length + 1 - from, { from, prev: chain[from - 2]!.hash, value: 9 }),
)

function loss(from: number, to: number, links: Pick<LossDeclaration, 'prev' | 'last'> = {}): LossDeclaration {
  return { v: 1, kind: 'loss', ...place, from, to, ...links, reason: 'bytes', madeMs: 1 }
}

/** As the gate does it: judged, journalled, taken. */
class Centre {
  readonly folder: string
  journal!: Journal
  chains!: Chains

  constructor(folder: string) {
    this.folder = folder
  }

  async open(): Promise<void> {
    this.journal = await openJournal({ folder: join(this.folder, 'journal'), log: silentLog })
    this.chains = await Chains.open(join(this.folder, 'chains.json'), this.journal)
  }

  async take({ header, hash, bytes }: Sealed): Promise<string> {
    const judged = this.chains.judge(header, hash, 1)
    const verdict = judged === 'past' ? await this.chains.recall(header, hash) : judged
    if (typeof verdict !== 'string') return verdict.verdict
    await this.journal.append(encodeRecord({ kind: 'batch', receivedMs: 1, gateway: 'GW-1', bytes }))
    this.chains.advance(header, hash, 1)
    return 'stored'
  }

  async declare(declared: LossDeclaration): Promise<string> {
    const verdict = await this.chains.judgeLoss(declared, 1)
    if (typeof verdict !== 'string') return verdict.problem
    if (verdict !== 'fits') return verdict
    const bytes = sign1(encodeLoss(declared), key)
    await this.journal.append(encodeRecord({ kind: 'loss', receivedMs: 1, gateway: 'GW-1', bytes }))
    this.chains.declare(declared, 1)
    return 'fits'
  }

  get state() {
    const [known] = this.chains.all()
    return (known?.chain ?? new Chain()).state
  }

  /** As JSON: hashes are buffers or plain arrays, depending on where they come from. */
  get shown(): unknown {
    const text = JSON.stringify(this.state, (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toJSON() : value,
    )
    return JSON.parse(text)
  }
}

const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ do: fc.constant('batch' as const), seq: fc.integer({ min: 1, max: length }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('fork' as const), fork: fc.nat({ max: 2 }), at: fc.nat() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('loss' as const),
      from: fc.integer({ min: 1, max: length }),
      more: fc.nat({ max: 5 }),
      links: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('save' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
)

test('J2 whatever the order, however often and with restarts between: every batch is stored once, a fork that touches what is there never, and the islands are what came', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const centre = new Centre(await mkdtemp(join(tmpdir(), 'farwatch-chain-')))
      await centre.open()
      const stored = new Set<number>()
      const declared = new Set<number>()
      try {
        for (const one of steps) {
          if (one.do === 'batch') {
            const expected = stored.has(one.seq) ? 'duplicate' : 'stored'
            expect(await centre.take(chain[one.seq - 1]!)).toBe(expected)
            stored.add(one.seq)
            declared.delete(one.seq)
          } else if (one.do === 'fork') {
            // Nothing of a fork fits where the genuine batch is there, or the one before or behind it.
            const fork = forks[one.fork]!
            const index = one.at % fork.length
            const { seq } = fork[index]!
            const beside = index === 0 ? [seq, seq + 1] : [seq - 1, seq, seq + 1]
            if (beside.some((near) => stored.has(near)))
              expect(await centre.take(fork[index]!)).toBe('forked')
          } else if (one.do === 'loss') {
            const to = Math.min(length, one.from + one.more)
            const links = one.links
              ? { prev: chain[one.from - 2]?.hash ?? noHash, last: chain[to - 1]!.hash }
              : {}
            const range = Array.from({ length: to - one.from + 1 }, (_, i) => one.from + i)
            const isNews = range.some((seq) => !stored.has(seq) && !declared.has(seq))
            expect(await centre.declare(loss(one.from, to, links))).toBe(isNews ? 'fits' : 'known')
            for (const seq of range) if (!stored.has(seq)) declared.add(seq)
          } else if (one.do === 'save') {
            await centre.chains.save()
          } else {
            const before = centre.shown
            await centre.journal.close()
            await centre.open()
            expect(centre.shown).toEqual(before)
          }
          const { state } = centre
          const end = Math.max(0, ...stored, ...declared)
          expect(state.end).toBe(end)
          const gaps = state.gaps.flatMap(({ from, to, declared }) =>
            Array.from({ length: to - from + 1 }, (_, i) => [from + i, declared]),
          )
          const missing = Array.from({ length: end }, (_, i) => i + 1).filter((seq) => !stored.has(seq))
          expect(gaps).toEqual(missing.map((seq) => [seq, declared.has(seq)]))
        }
      } finally {
        await centre.journal.close()
        await rm(centre.folder, { recursive: true })
      }
    }),
    { numRuns: 60, seed },
  )
})

const hashOf = (seq: number) => createHash('sha256').update(String(seq)).digest()
const link = (seq: number) => ({ seq, prev: seq === 1 ? noHash : hashOf(seq - 1) })

test('J2 a batch that would make one island too many is asked for again; those that fill holes are taken', () => {
  const many = new Chain()
  for (let i = 0; i < maxIslands; i++) {
    expect(many.judge(link(1 + 2 * i), hashOf(1 + 2 * i))).toEqual({ fit: 'new' })
    many.take(link(1 + 2 * i), hashOf(1 + 2 * i))
  }
  const end = 2 * maxIslands - 1
  expect(many.judge(link(end + 2), hashOf(end + 2))).toEqual({ fit: 'too-many-islands', expected: end + 1 })
  expect(many.judge(link(end + 1), hashOf(end + 1))).toEqual({ fit: 'new' })
  expect(many.admits({ from: end + 2, to: end + 3 })).toBe(false)
  many.take(link(2), hashOf(2))
  expect(many.judge(link(end + 2), hashOf(end + 2))).toEqual({ fit: 'new' })
})

test('J2 a declared loss bridges a hole with its hashes, and shrinks when a batch comes after all', () => {
  const bridged = new Chain()
  for (const seq of [1, 2, 10]) bridged.take(link(seq), hashOf(seq))
  bridged.declare({ from: 3, to: 9, prev: hashOf(2), last: hashOf(9) })
  expect(bridged.holes).toEqual([])
  expect(bridged.judge({ seq: 9, prev: hashOf(8) }, hashOf(90)).fit).toBe('forked')
  expect(bridged.judge({ seq: 3, prev: hashOf(7) }, hashOf(3)).fit).toBe('forked')
  expect(bridged.take(link(5), hashOf(5))).toBeUndefined()
  expect(bridged.state.gaps.map(({ from, to }) => [from, to])).toEqual([
    [3, 4],
    [6, 9],
  ])
  expect(bridged.judge(link(4), hashOf(40)).fit).toBe('forked')
  expect(bridged.judge(link(4), hashOf(4)).fit).toBe('new')
})

test('J2 behind a loss declared without hashes the chain goes on, its link unproven', () => {
  const bare = new Chain()
  bare.take(link(1), hashOf(1))
  bare.declare({ from: 2, to: 9 })
  expect(bare.judge(link(10), hashOf(10)).fit).toBe('new')
  bare.take(link(10), hashOf(10))
  expect(bare.judge(link(11), hashOf(11)).fit).toBe('new')
  expect(bare.judge({ seq: 11, prev: hashOf(1) }, hashOf(11)).fit).toBe('forked')
  expect(bare.judge({ seq: 9, prev: hashOf(8) }, hashOf(90)).fit).toBe('forked')
  bare.declare({ from: 11, to: 12 })
  bare.take(link(12), hashOf(12))
  expect(bare.judge({ seq: 13, prev: hashOf(1) }, hashOf(13)).fit).toBe('forked')
})

test('J2 places of declared losses are bounded: what an old one stood for is left to the ledger', () => {
  const long = new Chain()
  for (let i = 0; i < 1_000; i++) {
    long.take(link(2 * i + 1), hashOf(2 * i + 1))
    long.declare({ from: 2 * i + 2, to: 2 * i + 2 })
  }
  expect(long.state.gaps.length).toBeLessThan(400)
  expect(long.judge(link(2), hashOf(2)).fit).toBe('past')
})

test('J2 a snapshot of version 1 is taken over; what came before it is left to the ledger', async () => {
  const centre = new Centre(await mkdtemp(join(tmpdir(), 'farwatch-chain-')))
  const known = chain.slice(0, 10)
  const recent = known.slice(5).map(({ hash }) => Buffer.from(hash).toString('hex').slice(0, 16))
  const hash = Buffer.from(known.at(-1)!.hash).toString('hex')
  const v1 = { v: 1, position: 1, chains: [{ ...place, seq: 10, hash, recent }] }
  await writeFile(join(centre.folder, 'chains.json'), JSON.stringify(v1))
  await centre.open()
  expect(await centre.take(chain[10]!)).toBe('stored')
  expect(await centre.take(chain[9]!)).toBe('duplicate')
  expect(await centre.take(forks[0]![5]!)).toBe('forked')
  expect(centre.chains.judge(chain[1]!.header, chain[1]!.hash, 1)).toBe('past')
  expect(await centre.chains.recall(chain[1]!.header, chain[1]!.hash)).toBe('unknown')
  await centre.chains.save()
  await centre.journal.close()
  await centre.open()
  expect(await centre.take(chain[5]!)).toBe('duplicate')
  expect(await centre.take(chain[11]!)).toBe('stored')
  await centre.journal.close()
  await rm(centre.folder, { recursive: true })
})

test('J4 the head that is anchored ends the newest range without a gap, and tells where that begins', () => {
  const one = new Chain()
  expect(one.head).toBeUndefined()
  for (const seq of [1, 2]) one.take(link(seq), hashOf(seq))
  expect(one.head).toEqual({ from: 1, seq: 2, hash: hashOf(2) })
  for (const seq of [8, 9]) one.take(link(seq), hashOf(seq))
  expect(one.head).toEqual({ from: 8, seq: 9, hash: hashOf(9) })
  for (const seq of [3, 4, 5, 6, 7]) one.take(link(seq), hashOf(seq))
  expect(one.head).toEqual({ from: 1, seq: 9, hash: hashOf(9) })
  // Nobody knows the hash of the last batch that was lost.
  one.declare({ from: 10, to: 12 })
  expect(one.head).toEqual({ from: 1, seq: 9, hash: hashOf(9) })
  const lost = new Chain()
  lost.declare({ from: 1, to: 3 })
  expect(lost.head).toBeUndefined()
})
