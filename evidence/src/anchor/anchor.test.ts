import { encodeBatch, type Series } from '@farwatch/model'
import { encode } from 'cborg'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchHash, isSignedBy, noHash, openBatch, sealBatch } from '../batch.ts'
import { emptyChain, entryHash } from '../chain.ts'
import { sign1 } from '../cose.ts'
import { generateKeyPem, signingKey, verifyingKey } from '../keys.ts'
import { endAfter, openAnchor, sealAnchor, verifyAnchor, verifySuccession } from './anchor.ts'
import { type ChainHead, decodeHead, encodeHead } from './head.ts'
import { compareWithAnchor, proveHead, type ShownEntry, verifyHead } from './proof.ts'
import { AnchorCheck, decodeAnchorRecords, encodeAnchorRecords, recordOf } from './record.ts'

const centre = signingKey(generateKeyPem())
const keys = [verifyingKey(centre.publicKey)]
const place = { end: emptyChain('00000000000000aa'), madeMs: 1_795_420_000_000, day: '2026-11-23' }

function head(n: number, over: Partial<ChainHead> = {}): ChainHead {
  const chain = n.toString(16).padStart(16, '0')
  const hash = entryHash(Buffer.from(`head ${n}`))
  return { kind: 'batches', owner: `GW-${n % 3}`, chain, from: 1, seq: n + 1, hash, ...over }
}

const heads = Array.from({ length: 11 }, (_, n) => head(n))

test('J4 an anchor holds every head under one signature, in one order whatever order they came in', () => {
  const { statement, leaves } = sealAnchor(heads, place, centre)
  const verified = verifyAnchor(statement, leaves, keys)
  expect(verified).toMatchObject({ ok: true, anchor: { seq: 1, day: '2026-11-23', heads: 11, prev: noHash } })
  const shuffled = sealAnchor(heads.toReversed(), place, centre)
  expect(shuffled.statement).toEqual(statement)
})

test('J4 a head that was altered, removed, added or moved, or another signature, is refused with its reason', () => {
  const { statement, leaves } = sealAnchor(heads, place, centre)
  const problemOf = (changed: readonly Uint8Array[], signed = statement) => {
    const verified = verifyAnchor(signed, changed, keys)
    return verified.ok ? 'none' : verified.problem
  }
  const altered = encodeHead({ ...decodeHead(leaves[3]!), seq: 99 })
  expect(problemOf(leaves.with(3, altered))).toMatch(/not those that were signed/)
  expect(problemOf(leaves.slice(1))).toMatch(/10 heads, the anchor says 11/)
  expect(problemOf([...leaves, altered])).toMatch(/12 heads/)
  expect(problemOf(leaves.with(0, leaves[1]!).with(1, leaves[0]!))).toMatch(/not those that were signed/)
  const thief = signingKey(generateKeyPem())
  expect(problemOf(leaves, sealAnchor(heads, place, thief).statement)).toMatch(
    /not among those of the centre/,
  )
  expect(problemOf(leaves, sign1(encode({ v: 1, kind: 'seal' }), centre))).toMatch(/expected/i)
  expect(() => sealAnchor([head(1), head(1)], place, centre)).toThrow(/twice/)
  expect(() => sealAnchor([], place, centre)).toThrow(/0 heads/)
})

test('J4 no bit of a statement can be flipped unnoticed', () => {
  const { statement, leaves } = sealAnchor(heads, place, centre)
  fc.assert(
    fc.property(fc.nat({ max: statement.length - 1 }), fc.nat({ max: 7 }), (at, bit) => {
      const changed = Uint8Array.from(statement)
      changed[at]! ^= 1 << bit
      expect(verifyAnchor(changed, leaves, keys).ok).toBe(false)
    }),
    { numRuns: 300 },
  )
})

test('J4 anchors follow one another by hash: none can be taken out, put in or exchanged', () => {
  const first = sealAnchor(heads, place, centre).statement
  const second = sealAnchor(heads, { ...place, end: endAfter(first) }, centre).statement
  const third = sealAnchor(heads, { ...place, end: endAfter(second) }, centre).statement
  expect(verifySuccession(first, second)).toEqual({ ok: true })
  expect(verifySuccession(first, third)).toMatchObject({ problem: 'sequence 3, expected 2' })
  const other = sealAnchor([head(1)], place, centre).statement
  expect(verifySuccession(other, second)).toMatchObject({ problem: expect.stringContaining('previous hash') })
  expect(openAnchor(third).seq).toBe(3)
})

test("J4 one gateway's head is proven without telling anything of the others", () => {
  const { statement, leaves } = sealAnchor(heads, place, centre)
  for (const one of heads) {
    const proof = proveHead(leaves, one)!
    expect(verifyHead(statement, proof, keys)).toMatchObject({ ok: true, anchor: { day: '2026-11-23' } })
    const other = { ...proof, head: { ...one, seq: one.seq + 1 } }
    expect(verifyHead(statement, other, keys)).toMatchObject({ problem: 'anchor 1 does not cover this head' })
    const told = Buffer.from(encode([proof.index, proof.proof])).toString('latin1')
    for (const { owner } of heads) expect(told).not.toContain(owner)
  }
  expect(proveHead(leaves, { kind: 'keys', owner: 'centre', chain: '' })).toBeUndefined()
})

test('J4 a chain signed anew with a stolen key contradicts the anchor that was made before', () => {
  const gateway = signingKey(generateKeyPem())
  const chainOf = (value: (seq: number) => number) => {
    const entries: ShownEntry[] = []
    for (let seq = 1; seq <= 12; seq++) {
      const series: Series = {
        ...{ point: 'E01/Stack/so2', timeSource: 'device' as const },
        timesMs: Float64Array.of(seq * 1000),
        values: Float64Array.of(value(seq)),
        qualities: Uint16Array.of(0),
      }
      const prev = entries.at(-1)?.hash ?? noHash
      const at = { gateway: 'GW-1', chain: '0123456789abcdef', boot: 'fedcba9876543210', seq, prev }
      const batch = sealBatch([series], { ...at, madeMs: seq * 1000, monotonicMs: seq }, gateway)
      // Each chain is flawless in itself: signatures and hashes alone tell nothing.
      expect(isSignedBy(openBatch(encodeBatch(batch)), verifyingKey(gateway.publicKey))).toBe(true)
      entries.push({ seq, prev, hash: batchHash(batch) })
    }
    return entries
  }
  const honest = chainOf((seq) => seq)
  const anchored: ChainHead = {
    ...{ kind: 'batches', owner: 'GW-1', chain: '0123456789abcdef', from: 1 },
    ...{ seq: 9, hash: honest[8]!.hash },
  }
  const { statement, leaves } = sealAnchor([anchored, ...heads], place, centre)
  const { head: proven } = proveHead(leaves, anchored)!
  expect(verifyHead(statement, proveHead(leaves, anchored)!, keys).ok).toBe(true)

  expect(compareWithAnchor(proven, honest)).toBe('covered')
  const rewritten = chainOf((seq) => (seq === 4 ? 0 : seq))
  expect(compareWithAnchor(proven, rewritten)).toBe('rewritten')
  expect(compareWithAnchor(proven, rewritten.slice(9))).toBe('rewritten')
  // What came after the anchor is not its business: the next one's.
  const changedLater = chainOf((seq) => (seq === 11 ? 0 : seq))
  expect(compareWithAnchor(proven, changedLater)).toBe('covered')
  expect(compareWithAnchor(proven, honest.slice(0, 8))).toBe('silent')
  expect(compareWithAnchor(proven, honest.slice(9))).toBe('silent')

  // As an export carries it, and as its reader meets the entries: in any order, with others between.
  const record = recordOf(
    { statement, leaves, timestamp: undefined },
    ({ owner, chain }) => owner === 'GW-1' && chain === anchored.chain,
  )!
  const records = decodeAnchorRecords(encodeAnchorRecords([record]))
  const saysOf = (entries: readonly ShownEntry[], trusted = keys) => {
    const check = new AnchorCheck({ keys: trusted, roots: [] })
    const problems = records.flatMap((one) => check.add(one))
    for (const entry of entries.toReversed()) check.see(anchored, entry)
    for (const entry of rewritten) check.see({ ...anchored, owner: 'GW-2' }, entry)
    return [...check.witnesses().map(({ says }) => says), ...problems]
  }
  expect(saysOf(honest)).toEqual(['covered'])
  expect(saysOf(rewritten)).toEqual(['rewritten'])
  expect(saysOf(honest.slice(0, 8))).toEqual(['silent'])
  expect(saysOf(honest, [])).toEqual([expect.stringMatching(/^signed with key/)])
  const forged = {
    ...record,
    heads: [{ ...record.heads[0]!, head: { ...anchored, hash: rewritten[8]!.hash } }],
  }
  expect(new AnchorCheck({ keys, roots: [] }).add(forged)).toEqual(['anchor 1 does not cover this head'])
  expect(() => decodeAnchorRecords(Buffer.from('rubbish'))).toThrow(/not a list of anchors/)
})
