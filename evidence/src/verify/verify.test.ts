import { encodeBatch, seriesIn } from '@farwatch/model'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { openBatch, sealBatch } from '../batch.ts'
import { frame, readFrames } from '../export/frames.ts'
import { decodeItem, encodeItem, type Item } from '../export/items.ts'
import { Manifest, sha256, signManifest } from '../export/manifest.ts'
import { readZip, ZipWriter } from '../export/zip.ts'
import { generateKeyPem, type SigningKey, signingKey } from '../keys.ts'
import { parsePublicKeys, publicKeys } from '../public-keys.ts'
import { build, chainOf, fileOf, type Scene } from './scene.ts'
import { verifyExport } from './verify.ts'
import { describe as sentence } from './words.ts'

let scene: Scene
let keyOf: ReturnType<typeof build>['keyOf']
let whole: Buffer

beforeAll(async () => {
  const built = build()
  scene = built.scene
  keyOf = built.keyOf
  whole = await scene.export()
})

const verify = (bytes: Buffer) => verifyExport(fileOf(bytes), parsePublicKeys(publicKeys(scene.keys)))

async function contentsOf(bytes: Buffer): Promise<Map<string, Buffer>> {
  const { entries } = await readZip(fileOf(bytes))
  return new Map(
    await Promise.all(entries.map(async (entry) => [entry.names[0]!, await entry.read()] as const)),
  )
}

async function zipOf(contents: ReadonlyMap<string, Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  const zip = new ZipWriter(async (bytes) => void chunks.push(bytes))
  for (const [name, content] of contents) await zip.add(name, content)
  await zip.finish()
  return Buffer.concat(chunks)
}

/** Changes the items of the first part. A dishonest centre signs a manifest of its own over what has become of it. */
async function withItems(
  bytes: Buffer,
  change: (items: Item[]) => Item[],
  signer: SigningKey | undefined = scene.centre,
): Promise<Buffer> {
  const contents = await contentsOf(bytes)
  const items = [...readFrames(contents.get('evidence/0001.fwe')!)].map(({ payload }) => decodeItem(payload))
  contents.set('evidence/0001.fwe', Buffer.concat(change(items).map((item) => frame(encodeItem(item)))))
  return signer === undefined ? zipOf(contents) : zipOf(resigned(contents, signer))
}

function resigned(contents: Map<string, Buffer>, signer: SigningKey): Map<string, Buffer> {
  const manifest = Manifest.parse(JSON.parse(contents.get('manifest.json')!.toString()))
  const entries = manifest.entries.map(({ name }) => {
    const content = contents.get(name)!
    return { name, bytes: content.length, sha256: sha256(content).toString('hex') }
  })
  const text = Buffer.from(JSON.stringify({ ...manifest, entries }))
  contents.set('manifest.json', text)
  contents.set('manifest.cose', Buffer.from(signManifest(text, signer)))
  return contents
}

const isBatch = (item: Item, gateway: 'GW-1' | 'GW-2', seq: number) => {
  if (item[0] !== 0) return false
  const { header } = openBatch(item[3])
  return header.gateway === gateway && header.seq === seq
}

/** Turns one value in the leaves of a batch into another, as someone would who can write the file. */
function alterLeaf(items: Item[], value: number, other: number): Item[] {
  const [from, to] = [Buffer.alloc(8), Buffer.alloc(8)]
  from.writeDoubleLE(value)
  to.writeDoubleLE(other)
  return items.map((item) => {
    if (item[0] !== 0 && item[0] !== 1) return item
    const bytes = Buffer.from(encodeItem(item))
    const at = bytes.indexOf(from)
    if (at >= 0) to.copy(bytes, at)
    return decodeItem(bytes)
  })
}

describe('J4 an export', () => {
  test('J4 that nobody touched is sound, and says of which chains it is complete', async () => {
    const report = await verify(whole)
    expect(report.findings).toEqual([])
    expect(report.sound).toBe(true)
    expect(report.counts).toEqual({
      batches: 16,
      links: 0,
      readings: 12 * 5 + 4 + 12 * 2 + 2,
      plainRecords: 14,
      losses: 0,
    })
    expect(report.chains).toMatchObject([
      { gateway: 'GW-1', from: 1, to: 12, whole: true, fromBeginning: true },
      { gateway: 'GW-2', from: 1, to: 4, whole: true },
      { gateway: undefined, from: 1, to: 3, whole: true },
    ])
    expect((await verifyExport(fileOf(whole))).trusted).toBe(false)
  })

  test.each([
    [{ gateway: 'GW-1' }, { batches: 12, plainRecords: 0 }, 12],
    [{ site: 'E10' }, { batches: 0, plainRecords: 12 }, undefined],
    [{ point: 'E01/tank/level' }, { batches: 12, readings: 24, plainRecords: 0 }, 12],
    [{ from: '2026-11-23T08:00:05.000Z', to: '2026-11-23T08:00:09.000Z' }, { batches: 4 }, undefined],
  ])('J4 of %j is sound', async (selection, counts, to) => {
    const report = await verify(await scene.export(selection))
    expect(report.findings).toEqual([])
    expect(report.counts).toMatchObject(counts)
    if (to !== undefined) expect(report.chains).toMatchObject([{ from: 1, to, whole: true }])
  })

  test("J4 of one point holds nothing of its neighbours'", async () => {
    const bytes = await scene.export({ point: 'E01/tank/level' })
    expect(bytes.includes('E01/tank/level')).toBe(true)
    for (const other of ['E01/tank/temp', 'E01/gas', 'E03', 'pm10']) expect(bytes.includes(other)).toBe(false)
  })

  test('J4 one bit flipped in any entry is named there or by batch and point, and never sound', async () => {
    const { entries } = await readZip(fileOf(whole))
    const names = entries.map((entry) => entry.names[0]!)
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.nat(), fc.nat({ max: 7 }), async (name, at, bit) => {
        const contents = await contentsOf(whole)
        const content = contents.get(name)!
        content[at % content.length]! ^= 1 << bit
        const report = await verify(await zipOf(contents))
        expect(report.sound).toBe(false)
        expect(report.findings.length).toBeGreaterThan(0)
        const kind = name.startsWith('evidence') || name.startsWith('readings')
        const named = report.findings.some(
          ({ entry, gateway, chain }) => entry === name || (kind && (gateway ?? chain) !== undefined),
        )
        expect(named, JSON.stringify(report.findings.slice(0, 5))).toBe(true)
        for (const finding of report.findings)
          for (const language of ['en', 'zh'] as const)
            expect(sentence({ ...finding, detail: '' }, language)).not.toMatch(/undefined/)
      }),
      { numRuns: 150 },
    )
  })

  test('J4 one bit flipped anywhere in the file is seen and survived', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: whole.length * 8 - 1 }), async (bit) => {
        const bytes = Buffer.from(whole)
        bytes[bit >> 3]! ^= 1 << (bit & 7)
        expect((await verify(bytes)).sound).toBe(false)
      }),
      { numRuns: 150 },
    )
  })

  test('J4 cut anywhere it is seen and survived', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: whole.length - 1 }), async (length) => {
        expect((await verify(whole.subarray(0, length))).sound).toBe(false)
      }),
      { numRuns: 60 },
    )
  })

  test.each([{}, { point: 'E01/tank/level' }])(
    'J4 a bit flipped in one leaf names exactly the one reading (%j)',
    async (selection) => {
      const bytes = await scene.export(selection)
      const value = Buffer.alloc(8)
      value.writeDoubleLE(12.3 + 5)
      const at = bytes.indexOf(value)
      for (const bit of [0, 3, 52]) {
        const flipped = Buffer.from(bytes)
        flipped[at + (bit >> 3)]! ^= 1 << (bit & 7)
        const { findings } = await verify(flipped)
        const [finding, ...others] = findings.filter(({ code }) => code !== 'container')
        expect(others).toEqual([])
        expect(finding).toMatchObject({
          code: 'altered-reading',
          ...{ gateway: 'GW-1', chain: chainOf['GW-1'], seq: 6, point: 'E01/tank/level', expected: '17.3' },
        })
        expect(finding?.found).not.toBe('17.3')
      }
    },
  )

  test('J4 a value changed in a readings file names exactly the one reading, in English and Chinese', async () => {
    const contents = await contentsOf(whole)
    const text = contents.get('readings/0001.csv')!.toString()
    contents.set('readings/0001.csv', Buffer.from(text.replace(',17.3,', ',80.1,')))
    const { findings } = await verify(await zipOf(contents))
    expect(findings).toHaveLength(1)
    expect(sentence(findings[0]!, 'en')).toBe(
      `reading of E01/tank/level at ${findings[0]!.time} in batch GW-1/0123456789abcdef/6: readings/0001.csv line ${findings[0]!.line} says 80.1, signed is 17.3`,
    )
    expect(sentence(findings[0]!, 'zh')).toMatch(/E01\/tank\/level.*80\.1，签名的是 17\.3/)
  })

  test('J4 rows taken out, put in, doubled and moved in a readings file are each named', async () => {
    const change = async (edit: (lines: string[]) => string[]) => {
      const contents = await contentsOf(whole)
      const lines = contents.get('readings/0001.csv')!.toString().trimEnd().split('\n')
      contents.set('readings/0001.csv', Buffer.from(`${edit(lines).join('\n')}\n`))
      return (await verify(await zipOf(contents))).findings
    }
    const row = (lines: string[]) => lines.findIndex((line) => line.includes(',17.3,'))
    const at = { point: 'E01/tank/level', gateway: 'GW-1', seq: 6 }
    expect(await change((lines) => lines.toSpliced(row(lines), 1))).toMatchObject([
      { code: 'csv-missing', ...at },
    ])
    expect(await change((lines) => [...lines, lines[row(lines)]!])).toMatchObject([
      { code: 'csv-repeated', ...at },
    ])
    const forged = `E01/tank/level,2026-11-23T09:00:00.000Z,99,0000,gateway,GW-1/${chainOf['GW-1']}/6,2026-11-23T09:00:00.000Z`
    expect(await change((lines) => [...lines, forged])).toMatchObject([
      { code: 'csv-added', ...at, found: '99' },
    ])
    expect(await change((lines) => [lines[0]!, ...lines.slice(1).reverse()])).toMatchObject([
      { code: 'csv-order' },
    ])
    expect(await change((lines) => [lines[0]!.toUpperCase(), ...lines.slice(1)])).toMatchObject([
      { code: 'csv-form' },
    ])
  })
})

describe('J4 against a centre that signs what it has forged', () => {
  const codes = async (bytes: Buffer) =>
    (await verify(bytes)).findings.map(({ code, gateway, seq }) => ({ code, gateway, seq }))

  test('J4 an altered reading is named, with what was signed', async () => {
    const forged = await withItems(whole, (items) => alterLeaf(items, 17.3, 80.1))
    const { findings } = await verify(forged)
    expect(findings).toMatchObject([
      { code: 'altered-reading', seq: 6, point: 'E01/tank/level', found: '80.1', expected: '17.3' },
    ])
    expect(sentence(findings[0]!, 'en')).toMatch(/the file says 80\.1, signed is 17\.3/)
  })

  test('J4 a reading altered both in the original and in the readings file names the batch', async () => {
    const forged = await withItems(whole, (items) => alterLeaf(items, 17.3, 80.1))
    const contents = await contentsOf(forged)
    const text = contents.get('readings/0001.csv')!.toString()
    contents.set('readings/0001.csv', Buffer.from(text.replace(',17.3,', ',80.1,')))
    expect(await codes(await zipOf(resigned(contents, scene.centre)))).toEqual([
      { code: 'altered-batch', gateway: 'GW-1', seq: 6 },
    ])
  })

  test('J4 a batch taken out, one put in twice, two swapped', async () => {
    const without = await withItems(whole, (items) => items.filter((item) => !isBatch(item, 'GW-1', 6)))
    expect(await codes(without)).toContainEqual({ code: 'hole', gateway: 'GW-1', seq: 6 })
    const twice = await withItems(whole, (items) => [
      ...items,
      items.find((item) => isBatch(item, 'GW-1', 6))!,
    ])
    expect(await codes(twice)).toContainEqual({ code: 'repeated', gateway: 'GW-1', seq: 6 })
    const swapped = await withItems(whole, (items) => {
      const [a, b] = [6, 8].map((seq) => items.findIndex((item) => isBatch(item, 'GW-1', seq)))
      return items.with(a!, items[b!]!).with(b!, items[a!]!)
    })
    const found = await codes(swapped)
    expect(found).toContainEqual({ code: 'order', gateway: 'GW-1', seq: 6 })
  })

  test('J4 a batch signed anew with a strange key, or put in with it', async () => {
    const strange = signingKey(generateKeyPem())
    const anew = (item: Item): Item => {
      if (item[0] !== 0) return item
      const { header, readings } = openBatch(item[3])
      return [0, item[1], item[2], encodeBatch(sealBatch(seriesIn(readings), header, strange))]
    }
    const resigned = await withItems(whole, (items) =>
      items.map((item) => (isBatch(item, 'GW-1', 6) ? anew(item) : item)),
    )
    expect(await codes(resigned)).toContainEqual({ code: 'unknown-key', gateway: 'GW-1', seq: 6 })
    const own = await withItems(whole, (items) =>
      items.map((item) => {
        if (item[0] !== 0 || !isBatch(item, 'GW-1', 6)) return item
        const { header, readings } = openBatch(item[3])
        const raised = (values: Float64Array) => values.map((value) => value + 1)
        const other = seriesIn(readings).map((one) => ({ ...one, values: raised(one.values) }))
        return [0, item[1], item[2], encodeBatch(sealBatch(other, header, keyOf['GW-1']))] as Item
      }),
    )
    expect(await codes(own)).toContainEqual({ code: 'broken-chain', gateway: 'GW-1', seq: 7 })
  })

  test('J4 an end cut off, and parts of another export, do not fit the manifest', async () => {
    const cut = await withItems(whole, (items) => items.filter((item) => !isBatch(item, 'GW-1', 12)))
    expect(await codes(cut)).toContainEqual({ code: 'chain-cut', gateway: 'GW-1', seq: 12 })
    const other = build()
    const spliced = await contentsOf(whole)
    for (const [name, content] of await contentsOf(await other.scene.export())) {
      if (/^(evidence|readings)/.test(name)) spliced.set(name, content)
    }
    const found = await codes(await zipOf(spliced))
    expect(found).toContainEqual({ code: 'unknown-key', gateway: 'GW-1', seq: 6 })
    const foreign = parsePublicKeys(publicKeys(other.scene.keys))
    const { findings } = await verifyExport(fileOf(whole), foreign)
    expect(findings.map(({ code }) => code)).toContain('unknown-key')
  })

  test('J4 header edits and proof edits', async () => {
    const header = await withItems(whole, (items) =>
      items.map((item) => {
        if (item[0] !== 0 || !isBatch(item, 'GW-1', 6)) return item
        const bytes = Buffer.from(item[3])
        bytes[bytes.indexOf('madeMs') + 10]! ^= 1
        return [0, item[1], item[2], bytes] as Item
      }),
    )
    expect(await codes(header)).toContainEqual({ code: 'signature', gateway: 'GW-1', seq: 6 })
    const proof = await withItems(await scene.export({ point: 'E01/tank/level' }), (items) =>
      items.map((item) => {
        if (item[0] !== 1 || item[1] !== items[5]![1]) return item
        item[4][0]![2][0]![3]! ^= 1
        return item
      }),
    )
    const report = await verify(proof)
    expect(report.findings).toMatchObject([{ code: 'bad-proof', gateway: 'GW-1', point: 'E01/tank/level' }])
  })

  test('J4 a record under a seal that was altered is named', async () => {
    const edit = (payload: Uint8Array) => {
      const text = Buffer.from(payload)
      const at = text.indexOf('"pm10":53')
      if (at >= 0) text.write('"pm10":58', at)
      return text
    }
    const inWhole = await withItems(whole, (items) =>
      items.map((item): Item => (item[0] === 2 ? [2, item[1], item[2], item[3].map(edit), item[4]] : item)),
    )
    const named = {
      code: 'altered-reading',
      seq: 1,
      index: 3,
      point: 'E10/d/pm10',
      expected: '53',
    }
    expect((await verify(inWhole)).findings).toMatchObject([{ ...named, found: '58' }])
    const part = await withItems(await scene.export({ site: 'E10' }), (items) => {
      for (const item of items) if (item[0] === 3) for (const record of item[3]) record[1] = edit(record[1])
      return items
    })
    expect((await verify(part)).findings).toMatchObject([{ ...named, found: '58' }])
  })
})
