import { openSign1 } from '@farwatch/evidence'
import {
  type CentreRecord,
  decodeBatch,
  decodeHeader,
  decodeLoss,
  decodeRecord,
  decodeSeries,
  encodeBatch,
  encodeHeader,
  encodeLoss,
  encodeRecord,
  encodeSeries,
  type Series,
  seriesOf,
} from '@farwatch/model'
import { mutateBytes } from '../mutate/bytes.ts'
import { mutateCbor } from '../mutate/cbor.ts'
import type { Random } from '../random.ts'
import { attempt, mustHold, same, type Target, type TargetKind } from '../target.ts'
import { batches, batchMessages, startMs } from './samples.ts'

/** CBOR that comes from outside or stands in the centre's journal. */

/** Mostly as a tree, sometimes as bytes: a quarter of what comes out is not even CBOR. */
export function mutateBinary(seed: Uint8Array, random: Random): Uint8Array {
  return random.chance(0.75) ? mutateCbor(seed, random) : mutateBytes(seed, random)
}

const batch: Target & { readonly share: number } = {
  name: 'batch',
  share: 20,
  seeds: batchMessages,
  mutate: mutateBinary,
  judge(input) {
    const message = attempt(() => decodeBatch(input))
    if (message === undefined) return 'refused'
    mustHold(same(encodeBatch(message), input), 'two spellings of one batch')
    return 'accepted'
  },
}

const header: Target & { readonly share: number } = {
  name: 'header',
  share: 10,
  seeds: batches.map(({ sign1 }) => openSign1(sign1).payload),
  mutate: mutateBinary,
  judge(input) {
    const decoded = attempt(() => decodeHeader(input))
    if (decoded === undefined) return 'refused'
    const again = encodeHeader(decoded)
    mustHold(same(encodeHeader(decodeHeader(again)), again), 'another header when encoded again')
    return 'accepted'
  },
}

/** The column of qualities may stand there although all are good; nothing else has two spellings. */
function spellsOutGood(decoded: Series, input: Uint8Array): boolean {
  const column = decoded.qualities.byteLength
  const spelt = encodeSeries({ ...decoded, qualities: decoded.qualities.map(() => 1) })
  return (
    decoded.qualities.every((quality) => quality === 0) &&
    same(spelt.subarray(0, -column), input.subarray(0, -column)) &&
    input.subarray(-column).every((byte) => byte === 0)
  )
}

const series: Target & { readonly share: number } = {
  name: 'series',
  share: 20,
  seeds: batches.flatMap((one) => one.series.slice(0, 2)),
  mutate: mutateBinary,
  judge(input) {
    const decoded = attempt(() => decodeSeries(input))
    if (decoded === undefined) return 'refused'
    mustHold(
      decoded.values.every((value) => Math.abs(value) !== Infinity),
      'an infinite value',
    )
    mustHold(
      same(encodeSeries(decoded), input) || spellsOutGood(decoded, input),
      `two spellings of one series of ${JSON.stringify(decoded.point)}`,
    )
    const again = encodeSeries(decoded)
    mustHold(same(encodeSeries(decodeSeries(again)), again), 'another series when encoded again')
    return 'accepted'
  },
}

const text = new TextEncoder()
const records: CentreRecord[] = [
  { kind: 'batch', receivedMs: startMs, gateway: 'GW-1', bytes: batchMessages[0]! },
  { kind: 'telemetry', receivedMs: startMs, site: 'E10', device: 'd', bytes: text.encode('{"pm10":5}') },
  { kind: 'camera-event', receivedMs: startMs, bytes: text.encode('{}') },
  {
    kind: 'picture',
    receivedMs: startMs,
    camera: 'gate',
    label: 'person',
    bytes: Uint8Array.of(0xff, 0xd8, 0xff),
  },
  {
    kind: 'gateway-status',
    receivedMs: startMs,
    gateway: 'GW-1',
    bytes: text.encode('{"v":1,"online":true}'),
  },
  {
    kind: 'quarantine',
    receivedMs: startMs,
    topic: 'a/b',
    client: 'c',
    reason: 'r: x',
    size: 9,
    bytes: text.encode('{'),
  },
]

records.push(
  { kind: 'loss', receivedMs: startMs, gateway: 'GW-1', bytes: text.encode('x') },
  { kind: 'seal', receivedMs: startMs, bytes: text.encode('y') },
  { kind: 'delivery', receivedMs: startMs, gateway: 'GW-1', bytes: text.encode('{}') },
)

const record: Target & { readonly share: number } = {
  name: 'record',
  share: 8,
  seeds: records.map(encodeRecord),
  mutate: mutateBinary,
  judge(input) {
    const decoded = attempt(() => decodeRecord(input))
    if (decoded === undefined) return 'refused'
    const again = encodeRecord(decoded)
    mustHold(same(encodeRecord(decodeRecord(again)), again), 'another record when encoded again')
    // Ill-formed UTF-8 is the one thing that is not read as it stands.
    const isExact = Object.values(decoded).every(
      (value) => typeof value !== 'string' || !value.includes('\ufffd'),
    )
    if (isExact) mustHold(same(again, input), 'two spellings of one record')
    attempt(() => seriesOf(decoded))
    return 'accepted'
  },
}

const loss: Target & { readonly share: number } = {
  name: 'loss',
  share: 5,
  seeds: [
    encodeLoss({
      ...{ v: 1, kind: 'loss', gateway: 'GW-1', chain: '00000000000000aa', from: 3, to: 90, reason: 'bytes' },
      ...{
        prev: new Uint8Array(32),
        readings: 4_000,
        firstMadeMs: startMs,
        lastMadeMs: startMs,
        madeMs: startMs,
      },
    }),
  ],
  mutate: mutateBinary,
  judge(input) {
    const decoded = attempt(() => decodeLoss(input))
    if (decoded === undefined) return 'refused'
    const again = encodeLoss(decoded)
    mustHold(same(encodeLoss(decodeLoss(again)), again), 'another declaration when encoded again')
    mustHold(decoded.from <= decoded.to, `from ${decoded.from} to ${decoded.to}`)
    return 'accepted'
  },
}

export const modelBinary: readonly TargetKind[] = [batch, header, series, record, loss].map((target) => ({
  name: target.name,
  share: target.share,
  open: () => target,
}))
