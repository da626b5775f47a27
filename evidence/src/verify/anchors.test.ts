import { encodeBatch, encodeRecord } from '@farwatch/model'
import { expect, test } from 'vitest'
import { sealAnchor } from '../anchor/anchor.ts'
import type { WholeAnchor } from '../anchor/record.ts'
import { batchHash, noHash, sealBatch } from '../batch.ts'
import { emptyChain } from '../chain.ts'
import { Exporter } from '../export/exporter.ts'
import { KeyDirectory } from '../key-log.ts'
import { generateKeyPem, signingKey } from '../keys.ts'
import { parsePublicKeys, publicKeys } from '../public-keys.ts'
import { fileOf } from './scene.ts'
import { verifyExport } from './verify.ts'
import { describe } from './words.ts'

const centre = signingKey(generateKeyPem())
const gateway = signingKey(generateKeyPem())
const chain = '0123456789abcdef'
const keys = KeyDirectory.begin('00000000000000aa', centre, 1).add(
  { gateway: 'GW-1', publicKey: gateway.publicKey, how: 'enrolled' },
  centre,
  2,
)

/** A chain of batches, flawless in itself, with the value that is wanted in each. */
function chainOf(count: number, wanted: (seq: number) => number) {
  const made: { payload: Uint8Array; hash: Uint8Array }[] = []
  for (let seq = 1; seq <= count; seq++) {
    const series = {
      ...{ point: 'E01/Stack/so2', timeSource: 'device' as const, timesMs: Float64Array.of(seq * 1000) },
      ...{ values: Float64Array.of(wanted(seq)), qualities: Uint16Array.of(0) },
    }
    const place = { gateway: 'GW-1', chain, boot: 'fedcba9876543210', seq, prev: made.at(-1)?.hash ?? noHash }
    const batch = sealBatch([series], { ...place, madeMs: seq * 1000, monotonicMs: seq }, gateway)
    const record = {
      kind: 'batch' as const,
      gateway: 'GW-1',
      receivedMs: seq * 1000,
      bytes: encodeBatch(batch),
    }
    made.push({ payload: encodeRecord(record), hash: batchHash(batch) })
  }
  return made
}

async function* each<T>(all: readonly T[]): AsyncGenerator<T> {
  yield* all
}

async function exported(
  batches: ReturnType<typeof chainOf>,
  anchors: readonly WholeAnchor[],
): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  const options = { selection: {}, keys, centre, nowMs: 99_000, anchors: each(anchors) }
  const originals = batches.map(({ payload }, i) => ({ position: i + 1, payload }))
  await new Exporter(async (bytes) => void chunks.push(bytes), options).run(each(originals))
  return Buffer.concat(chunks)
}

const verified = (bytes: Buffer, outside: readonly WholeAnchor[] = []) =>
  verifyExport(fileOf(bytes), parsePublicKeys(publicKeys(keys)), { anchors: each(outside) })

test('J4 an export says up to which batch its chains were anchored, and one written anew with stolen keys is named', async () => {
  const honest = chainOf(12, (seq) => seq)
  const heads = [
    { kind: 'batches' as const, owner: 'GW-1', chain, from: 1, seq: 9, hash: honest[8]!.hash },
    { kind: 'batches' as const, owner: 'GW-SECRET', chain, from: 1, seq: 5, hash: noHash },
  ]
  const place = { end: emptyChain('00000000000000bb'), madeMs: 50_000, day: '1970-01-01' }
  const anchor = { ...sealAnchor(heads, place, centre), timestamp: undefined }

  const good = await exported(honest, [anchor])
  expect(good.toString('latin1')).not.toContain('GW-SECRET')
  const report = await verified(good)
  expect(report.findings).toEqual([])
  expect(report.anchors).toEqual([
    { gateway: 'GW-1', chain, seq: 9, day: '1970-01-01', madeMs: 50_000, stamped: undefined },
  ])

  // The same keys, the same centre: nothing but the anchor tells.
  const rewritten = chainOf(12, (seq) => (seq === 4 ? 0 : seq))
  expect(await verified(await exported(rewritten, []))).toMatchObject({ sound: true, anchors: [] })
  const { findings } = await verified(await exported(rewritten, [anchor]))
  expect(findings).toEqual([
    { code: 'anchor-contradicted', gateway: 'GW-1', chain, seq: 9, detail: '1970-01-01' },
  ])
  expect(describe(findings[0]!, 'en')).toMatch(/GW-1\/0123456789abcdef\/9 is not the one that was anchored/)
  expect(describe(findings[0]!, 'zh')).toMatch(/重写/)

  // A centre that rewrites leaves its anchors out; whoever got them before has them all the same.
  const kept = await verified(await exported(rewritten, []), [anchor])
  expect(kept.findings).toEqual(findings)
  expect((await verified(good, [anchor])).anchors).toEqual(report.anchors)

  const short = await verified(await exported(honest.slice(0, 7), [anchor]))
  expect(short.findings).toMatchObject([{ code: 'anchor-beyond', gateway: 'GW-1', seq: 8, toSeq: 9 }])

  const thief = sealAnchor(heads, place, signingKey(generateKeyPem()))
  const foreign = await verified(await exported(honest, [{ ...thief, timestamp: undefined }]))
  expect(foreign.findings).toMatchObject([
    { code: 'anchor', detail: expect.stringMatching(/not among those/) },
  ])
})
