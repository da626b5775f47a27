import { createPrivateKey } from 'node:crypto'
import { batchHash, noHash, type SigningKey, sealBatch, signingKey, verifyingKey } from '@farwatch/evidence'
import { encodeBatch, type Series } from '@farwatch/model'

/** Keys that sign only here: seeds must be the same bytes in every run, or a run could not be repeated. */
export function keyOf(secret: number): SigningKey {
  const pkcs8 = Buffer.concat([
    Buffer.from('302e020100300506032b657004220420', 'hex'),
    Buffer.alloc(32, secret),
  ])
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  return signingKey(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string)
}

export const key = keyOf(7)
export const publicKey = verifyingKey(key.publicKey)
export const startMs = 1_795_440_000_000

const place = { gateway: 'GW-1', chain: '00000000000000aa', boot: '00000000000000bb' }

export function seriesOfPoint(point: string, count: number, quality = 0): Series {
  return {
    point,
    timeSource: 'device',
    timesMs: Float64Array.from({ length: count }, (_, i) => startMs + i * 1_000),
    values: Float64Array.from({ length: count }, (_, i) => (i % 7 === 6 ? Number.NaN : i * 1.25)),
    qualities: Uint16Array.from({ length: count }, (_, i) => (i % 7 === 6 ? 0x8000 : quality)),
  }
}

/** Three signed batches, one after another. */
export const batches = (() => {
  const contents = [
    [seriesOfPoint('E01/d/LEL01', 1)],
    [seriesOfPoint('E01/d/LEL01', 20), seriesOfPoint('厂/釜/温度', 3, 0x4000)],
    Array.from({ length: 30 }, (_, i) => seriesOfPoint(`E01/d/m${i}`, 2)),
  ]
  let prev = noHash
  return contents.map((series, i) => {
    const at = { ...place, seq: i + 1, prev, madeMs: startMs, monotonicMs: 1_000 * i }
    const batch = sealBatch(series, at, key)
    prev = batchHash(batch)
    return batch
  })
})()

export const batchMessages = batches.map(encodeBatch)
