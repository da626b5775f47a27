import {
  batchHash,
  generateKeyPem,
  noHash,
  type SigningKey,
  sealBatch,
  sign1,
  signingKey,
} from '@farwatch/evidence'
import {
  type Delivery,
  encodeBatch,
  encodeLoss,
  encodeRecord,
  type LossDeclaration,
  type Series,
} from '@farwatch/model'

const text = new TextEncoder()

/** Records as intake journals them. Times are Unix milliseconds. */
export const recordOf = {
  telemetry: (site: string, device: string, message: unknown, receivedMs = 1_795_440_000_000) =>
    encodeRecord({
      kind: 'telemetry',
      receivedMs,
      site,
      device,
      bytes: text.encode(JSON.stringify(message)),
    }),
  cameraEvent: (after: Record<string, unknown>, receivedMs = 1_795_440_000_000) =>
    encodeRecord({
      kind: 'camera-event',
      receivedMs,
      bytes: text.encode(JSON.stringify({ type: 'new', after })),
    }),
  picture: (camera: string, bytes: Uint8Array, receivedMs = 1_795_440_000_000) =>
    encodeRecord({ kind: 'picture', receivedMs, camera, label: 'person', bytes }),
  status: (gateway: string, status: unknown, receivedMs = 1_795_440_000_000) =>
    encodeRecord({
      kind: 'gateway-status',
      receivedMs,
      gateway,
      bytes: text.encode(JSON.stringify(status)),
    }),
  delivery: (delivery: Delivery, receivedMs = 1_795_440_000_000) =>
    encodeRecord({
      kind: 'delivery',
      receivedMs,
      gateway: delivery.gateway,
      bytes: text.encode(JSON.stringify(delivery)),
    }),
  quarantine: (reason: string, receivedMs = 1_795_440_000_000) =>
    encodeRecord({
      kind: 'quarantine',
      receivedMs,
      topic: 'telemetry/a/b',
      client: 'c',
      reason,
      size: 100_000_000,
      bytes: text.encode('{"so2": NaN}'),
    }),
}

/** A gateway that seals series into a chain of signed batches. */
export class TestGateway {
  readonly id: string
  readonly #key: SigningKey = signingKey(generateKeyPem())
  #seq = 0
  #prev: Uint8Array = noHash

  constructor(id: string) {
    this.id = id
  }

  get keyId(): string {
    return this.#key.keyId
  }

  /** The next batch as a record. */
  batch(series: readonly Series[], receivedMs = 1_795_440_000_000): Uint8Array {
    const message = sealBatch(
      series,
      {
        gateway: this.id,
        chain: '0123456789abcdef',
        boot: 'fedcba9876543210',
        seq: ++this.#seq,
        prev: this.#prev,
        madeMs: receivedMs - 100,
        monotonicMs: 5,
      },
      this.#key,
    )
    this.#prev = new Uint8Array(batchHash(message))
    return encodeRecord({ kind: 'batch', receivedMs, gateway: this.id, bytes: encodeBatch(message) })
  }

  /** A declaration that a range of its chain will not come, as a record. */
  loss(
    range: Pick<LossDeclaration, 'from' | 'to'> & Partial<LossDeclaration>,
    receivedMs = 1_795_440_000_000,
  ) {
    const place = { gateway: this.id, chain: '0123456789abcdef' }
    const bytes = sign1(
      encodeLoss({ v: 1, kind: 'loss', ...place, reason: 'bytes', madeMs: receivedMs - 50, ...range }),
      this.#key,
    )
    return encodeRecord({ kind: 'loss', receivedMs, gateway: this.id, bytes })
  }

  /** SHA-256 of the last batch. */
  get head(): { seq: number; hash: Uint8Array } {
    return { seq: this.#seq, hash: this.#prev }
  }
}

export function seriesOfValues(point: string, firstMs: number, values: readonly number[]): Series {
  return {
    point,
    timeSource: 'gateway',
    timesMs: Float64Array.from(values, (_, i) => firstMs + i * 1_000),
    values: Float64Array.from(values),
    qualities: new Uint16Array(values.length),
  }
}
