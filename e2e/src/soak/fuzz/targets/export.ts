import {
  batchHash,
  Exporter,
  emptyChain,
  frame,
  KeyDirectory,
  leafHash,
  noHash,
  parsePublicKeys,
  publicKeys,
  type ReadableFile,
  readFrames,
  readZip,
  type Selection,
  sealAnchor,
  sealBatch,
  sealRecords,
  sign1,
  verifyExport,
  ZipWriter,
} from '@farwatch/evidence'
import { type CentreRecord, encodeBatch, encodeLoss, encodeRecord } from '@farwatch/model'
import { mutateBytes } from '../mutate/bytes.ts'
import { mutateJson } from '../mutate/json.ts'
import { mustHold, same, type Target, type TargetKind } from '../target.ts'
import { mutateBinary } from './model-binary.ts'
import { key, keyOf, seriesOfPoint, startMs } from './samples.ts'

/** An export that a third person is handed: whatever was done to it, it is judged, and a change never goes unnoticed. */

const centre = keyOf(9)
const keys = KeyDirectory.begin('00000000000000cc', centre, 1).add(
  { gateway: 'GW-1', publicKey: key.publicKey, how: 'enrolled' },
  centre,
  2,
)
const trusted = parsePublicKeys(publicKeys(keys))
const nowMs = startMs + 60_000

/** A journal with batches, a declared loss, plain records and their seal. */
function records(): { payloads: Uint8Array[]; lastHash: Uint8Array } {
  const place = { gateway: 'GW-1', chain: '00000000000000aa', boot: '00000000000000bb' }
  const payloads: Uint8Array[] = []
  const put = (record: CentreRecord) => payloads.push(encodeRecord(record))
  let prev = noHash
  for (let seq = 1; seq <= 5; seq++) {
    const series = [seriesOfPoint('E01/d/LEL01', 1 + seq), seriesOfPoint('厂/釜/温度', 3, 0x4000)]
    const batch = sealBatch(series, { ...place, seq, prev, madeMs: startMs, monotonicMs: seq }, key)
    prev = batchHash(batch)
    if (seq !== 3)
      put({ kind: 'batch', gateway: 'GW-1', receivedMs: startMs + seq, bytes: encodeBatch(batch) })
  }
  const { gateway, chain } = place
  const loss = encodeLoss({
    ...{ v: 1, kind: 'loss', gateway, chain },
    from: 3,
    to: 3,
    reason: 'bytes',
    madeMs: startMs,
  })
  put({ kind: 'loss', gateway, receivedMs: startMs + 6, bytes: sign1(loss, key) })
  const sealed = ['{"pm10": 50.5}', '{"so2": 1e-3, "pm10": 51}'].map((text, i) => {
    const position = put({
      ...{ kind: 'telemetry', receivedMs: startMs + 7 + i, site: 'E01', device: 'd' },
      bytes: new TextEncoder().encode(text),
    })
    return { position, leaf: leafHash(payloads[position - 1]!) }
  })
  const seal = sealRecords(sealed, { end: emptyChain('00000000000000dd'), madeMs: nowMs, key: centre })
  put({ kind: 'seal', receivedMs: nowMs, bytes: seal.bytes })
  return { payloads, lastHash: prev }
}

async function exported(selection: Selection): Promise<Buffer> {
  const { payloads, lastHash } = records()
  const head = {
    kind: 'batches' as const,
    owner: 'GW-1',
    chain: '00000000000000aa',
    from: 1,
    seq: 5,
    hash: lastHash,
  }
  const place = { end: emptyChain('00000000000000ee'), madeMs: nowMs, day: '2026-11-23' }
  const anchors = each([{ ...sealAnchor([head], place, centre), timestamp: undefined }])
  const originals = each(payloads.map((payload, i) => ({ position: i + 1, payload })))
  const chunks: Uint8Array[] = []
  const write = async (bytes: Uint8Array) => void chunks.push(bytes)
  await new Exporter(write, { selection, keys, centre, nowMs, anchors }).run(originals)
  return Buffer.concat(chunks)
}

/** Everything, and what of one point is proven without its neighbours. */
const selections: readonly Selection[] = [{}, { point: 'E01/d/LEL01' }, { point: 'E01/d/pm10' }]

async function* each<T>(all: readonly T[]): AsyncGenerator<T> {
  yield* all
}

function fileOf(bytes: Uint8Array): ReadableFile {
  const buffer = Buffer.from(bytes)
  return { size: buffer.length, read: async (offset, length) => buffer.subarray(offset, offset + length) }
}

async function judged(bytes: Uint8Array, isWhole: boolean) {
  const { sound, findings } = await verifyExport(fileOf(bytes), trusted)
  mustHold(
    sound === isWhole,
    isWhole ? `a whole export is refused: ${JSON.stringify(findings[0])}` : 'a change goes unnoticed',
  )
  return sound ? 'accepted' : 'refused'
}

/** The file as it lies there. */
async function openWhole(): Promise<Target> {
  const seeds = await Promise.all(selections.map(exported))
  return {
    name: 'export',
    seeds,
    mutate: mutateBytes,
    judge: (input) =>
      judged(
        input,
        seeds.some((seed) => same(seed, input)),
      ),
  }
}

interface Content {
  readonly name: string
  content: Buffer
}

/** One entry, or one item inside its frame, changed by somebody who sets right every length and checksum around it. */
async function openInside(): Promise<Target> {
  const exports = await Promise.all(
    selections.map(async (selection) => {
      const { entries } = await readZip(fileOf(await exported(selection)))
      return await Promise.all(
        entries.map(
          async (entry): Promise<Content> => ({ name: entry.names[0]!, content: await entry.read() }),
        ),
      )
    }),
  )
  /** Three bytes say which export, entry and frame (0: the whole entry) the rest stands for. */
  const seeds = exports.flatMap((contents, of) =>
    contents.flatMap(({ name, content }, entry) => [
      Buffer.concat([Buffer.of(of, entry, 0), content]),
      ...(name.endsWith('.fwe')
        ? [...readFrames(content)].map(({ payload }, i) =>
            Buffer.concat([Buffer.of(of, entry, i + 1), payload]),
          )
        : []),
    ]),
  )
  const nameOf = ([of, entry]: Uint8Array) => exports[of!]![entry!]!.name
  return {
    name: 'export-inside',
    seeds,
    mutate(seed, random) {
      const name = nameOf(seed)
      const change = name.endsWith('.json') ? mutateJson : name.endsWith('.csv') ? mutateBytes : mutateBinary
      return Buffer.concat([seed.subarray(0, 3), change(seed.subarray(3), random)])
    },
    async judge(input) {
      const [of, entry, number] = input as unknown as [number, number, number]
      const chunks: Uint8Array[] = []
      const zip = new ZipWriter(async (bytes) => void chunks.push(bytes))
      for (const [i, { name, content }] of exports[of]!.entries())
        await zip.add(name, i === entry ? withPart(content, number, input.subarray(3)) : content)
      await zip.finish()
      return await judged(
        Buffer.concat(chunks),
        seeds.some((seed) => same(seed, input)),
      )
    },
  }
}

function withPart(content: Buffer, number: number, part: Uint8Array): Uint8Array {
  if (number === 0) return part
  const frames = [...readFrames(content)].map(({ payload }, i) => frame(i === number - 1 ? part : payload))
  return Buffer.concat(frames)
}

export const exports: readonly TargetKind[] = [
  { name: 'export', share: 1, open: openWhole },
  { name: 'export-inside', share: 2, open: openInside },
]
