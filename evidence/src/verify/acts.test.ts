import type { Act } from '@farwatch/model'
import fc from 'fast-check'
import { expect, describe as group, test } from 'vitest'
import { signAct, textOfAct } from '../act-entry.ts'
import { AnchorCheck, sealAnchor } from '../anchor/index.ts'
import { type ChainEnd, emptyChain } from '../chain.ts'
import { Exporter } from '../export/exporter.ts'
import type { Selection } from '../export/manifest.ts'
import { centreName, KeyDirectory } from '../key-log.ts'
import { generateKeyPem, type SigningKey, signingKey, verifyingKey } from '../keys.ts'
import { parsePublicKeys, publicKeys } from '../public-keys.ts'
import { type ActFinding, ActsCheck } from './acts.ts'
import { fileOf } from './scene.ts'
import { verifyExport } from './verify.ts'
import { describe } from './words.ts'

const centre = signingKey(generateKeyPem())
const startMs = Date.UTC(2026, 10, 23, 8)

function act(id: number): Act {
  return {
    action: 'registry.change',
    actor: { account: 'a7', name: '王敏', via: 'session', from: '10.0.0.7' },
    object: { kind: 'limit', id: `L${id}` },
    jurisdiction: '341602',
    outcome: 'done',
    before: { value: id },
    after: { value: id + 1 },
    reason: null,
  }
}

/** A log of so many acts, one a minute. */
function logOf(
  count: number,
  { key = centre, end = emptyChain('00000000000000dd') }: { key?: SigningKey; end?: ChainEnd } = {},
) {
  const entries: Uint8Array[] = []
  const ends: ChainEnd[] = []
  for (let i = 1; i <= count; i++) {
    const signed = signAct(textOfAct(act(i)), { end, madeMs: startMs + i * 60_000, key })
    end = signed.end
    ends.push(end)
    entries.push(signed.bytes)
  }
  return { entries, ends }
}

const originals = (entries: readonly Uint8Array[]) =>
  entries.map((payload, i) => ({ position: i + 1, payload }))

async function findingsOf(entries: readonly Uint8Array[], anchors?: AnchorCheck): Promise<ActFinding[]> {
  const findings: ActFinding[] = []
  const keys = [verifyingKey(centre.publicKey)]
  const check = new ActsCheck({
    keys,
    ...(anchors ? { anchors } : {}),
    onFinding: (one) => void findings.push(one),
  })
  for (let i = 0; i < entries.length; i += 4) await check.take(originals(entries.slice(i, i + 4)))
  check.finish()
  return findings
}

/** The same entry with a value of its act changed. */
function altered(bytes: Uint8Array): Uint8Array {
  const changed = Buffer.from(bytes)
  const at = changed.indexOf('"value":') + 8
  changed[at] = changed[at] === 0x39 ? 0x38 : 0x39
  return changed
}

group('W4 the log of acts is judged act by act', () => {
  const { entries, ends } = logOf(9)
  const without = (...seqs: number[]) => entries.filter((_, i) => !seqs.includes(i + 1))

  test('W4 a whole one has nothing to tell', async () => {
    expect(await findingsOf(entries)).toEqual([])
  })

  test('W4 an altered act is named by number, time and actor, and no other', async () => {
    const changed = entries.with(3, altered(entries[3]!))
    expect(await findingsOf(changed)).toEqual([
      {
        ...{ fault: 'altered', seq: 4, atMs: startMs + 4 * 60_000 },
        detail: '王敏 (a7): registry.change limit L4',
      },
    ])
  })

  test('W4 removed acts are named, at the beginning too', async () => {
    expect(await findingsOf(without(4, 5, 8))).toEqual([
      { fault: 'removed', seq: 4, toSeq: 5 },
      { fault: 'removed', seq: 8 },
    ])
    expect(await findingsOf(without(1))).toEqual([{ fault: 'removed', seq: 1 }])
  })

  test('W4 an act of another hand, and one told twice, were added', async () => {
    const [foreign] = logOf(1, { key: signingKey(generateKeyPem()), end: ends[8]! }).entries
    expect(await findingsOf([...entries, foreign!])).toMatchObject([{ fault: 'added', seq: 10 }])
    expect(await findingsOf([...entries, entries[2]!])).toMatchObject([
      { fault: 'added', seq: 3, atMs: startMs + 180_000 },
    ])
  })

  test('W4 acts in another order are named', async () => {
    const turned = entries.with(3, entries[4]!).with(4, entries[3]!)
    expect(await findingsOf(turned)).toMatchObject([{ fault: 'reordered', seq: 4 }])
  })

  test('W4 what the centre itself has written anew or cut off contradicts its anchor', async () => {
    const head = { kind: 'acts' as const, owner: centreName, from: 1, ...ends[6]! }
    const anchor = sealAnchor(
      [head],
      { end: emptyChain('00000000000000ee'), madeMs: startMs, day: '2026-11-23' },
      centre,
    )
    const anchored = () => {
      const check = new AnchorCheck({ keys: [verifyingKey(centre.publicKey)], roots: [] })
      expect(
        check.addWhole({ statement: anchor.statement, leaves: anchor.leaves, timestamp: undefined }),
      ).toEqual([])
      return check
    }
    expect(await findingsOf(entries, anchored())).toEqual([])
    expect(await findingsOf(entries.slice(0, 5), anchored())).toEqual([
      { fault: 'anchor-beyond', seq: 6, toSeq: 7, detail: '2026-11-23' },
    ])
    // From act 5 on another story, told with the centre's own key.
    let end = ends[3]!
    const anew = entries.slice(0, 4)
    for (let i = 5; i <= 9; i++) {
      const signed = signAct(textOfAct({ ...act(i), reason: 'anew' }), { end, madeMs: startMs, key: centre })
      end = signed.end
      anew.push(signed.bytes)
    }
    expect(await findingsOf(anew, anchored())).toEqual([
      { fault: 'anchor-contradicted', seq: 7, detail: '2026-11-23' },
    ])
  })
})

async function exported(entries: readonly Uint8Array[], selection: Selection = {}): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  const keys = KeyDirectory.begin('00000000000000aa', centre, 1)
  const acts = (async function* () {
    yield* originals(entries)
  })()
  const options = { selection, keys, centre, nowMs: startMs, acts }
  await new Exporter(async (bytes) => void chunks.push(bytes), options).run((async function* () {})())
  return Buffer.concat(chunks)
}

const trusted = parsePublicKeys(publicKeys(KeyDirectory.begin('00000000000000aa', centre, 1)))

test('W4 an export of acts is verified offline with public keys alone', async () => {
  const { entries } = logOf(9)
  const from = new Date(startMs + 3 * 60_000).toISOString()
  const report = await verifyExport(fileOf(await exported(entries, { from })), trusted)
  expect(report.findings).toEqual([])
  expect(report.acts).toMatchObject({ acts: 7, from: 3, to: 9 })
})

test('W4 an act that was changed before it was exported is named', async () => {
  const { entries } = logOf(9)
  const report = await verifyExport(fileOf(await exported(entries.with(3, altered(entries[3]!)))), trusted)
  expect(report.findings.map((one) => describe(one, 'en'))).toContainEqual(
    'act 4 of 2026-11-23T08:04:00.000Z was changed after it was signed (王敏 (a7): registry.change limit L4)',
  )
  expect(report.findings.map((one) => describe(one, 'zh'))[0]).toContain('第 4 号操作')
})

test('W4 any byte of an export of acts that is changed is noticed', async () => {
  const zip = await exported(logOf(9).entries)
  await fc.assert(
    fc.asyncProperty(fc.nat(zip.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
      const changed = Buffer.from(zip)
      changed[at]! ^= by
      const report = await verifyExport(fileOf(changed), trusted)
      expect(report.sound).toBe(false)
    }),
    { numRuns: 120 },
  )
})
