import {
  type CentreRecord,
  encodeBatch,
  encodeLoss,
  encodeRecord,
  isPlain,
  type Series,
} from '@farwatch/model'
import { batchHash, noHash, sealBatch } from '../batch.ts'
import { emptyChain } from '../chain.ts'
import { sign1 } from '../cose.ts'
import { Exporter, type Original } from '../export/exporter.ts'
import type { Selection } from '../export/manifest.ts'
import type { ReadableFile } from '../export/zip.ts'
import { KeyDirectory } from '../key-log.ts'
import { generateKeyPem, type SigningKey, signingKey } from '../keys.ts'
import { leafHash } from '../merkle.ts'
import { sealRecords } from '../seal.ts'

/** A small centre's journal for tests: gateways whose batches are really signed, plain records really sealed. */
export class Scene {
  readonly centre = signingKey(generateKeyPem())
  keys = KeyDirectory.begin('00000000000000aa', this.centre, 1)
  readonly entries: Original[] = []
  readonly #ends = new Map<string, { chain: string; seq: number; hash: Uint8Array }>()
  readonly #plain: { position: number; leaf: Uint8Array }[] = []
  #seal = emptyChain('00000000000000bb')
  #nowMs = Date.UTC(2026, 10, 23, 8)

  enrol(gateway: string, chain: string): SigningKey {
    const key = signingKey(generateKeyPem())
    this.keys = this.keys.add({ gateway, publicKey: key.publicKey, how: 'enrolled' }, this.centre, 2)
    this.#ends.set(gateway, { chain, seq: 0, hash: noHash })
    return key
  }

  get nowMs(): number {
    return this.#nowMs
  }

  record(record: CentreRecord): number {
    const position = this.entries.length + 1
    const payload = encodeRecord(record)
    this.entries.push({ position, payload })
    if (isPlain(record)) this.#plain.push({ position, leaf: leafHash(payload) })
    return position
  }

  /** Seals and records one batch of series `[point, value …]`; returns its sequence. `lost`: it never comes. */
  batch(
    gateway: string,
    key: SigningKey,
    rows: readonly (readonly [string, ...number[]])[],
    lost = false,
  ): number {
    const { chain, seq, hash } = this.#ends.get(gateway)!
    this.#nowMs += 1_000
    const series = rows.map(
      ([point, ...values]): Series => ({
        point,
        timeSource: 'gateway',
        timesMs: Float64Array.from(values, (_, i) => this.#nowMs - 500 + i),
        values: Float64Array.from(values),
        qualities: Uint16Array.from(values, (value) => (Number.isNaN(value) ? 0x8000 : 0)),
      }),
    )
    const place = { gateway, chain, boot: '00000000000000cc', seq: seq + 1, prev: hash }
    const batch = sealBatch(series, { ...place, madeMs: this.#nowMs, monotonicMs: 5 }, key)
    this.#ends.set(gateway, { chain, seq: seq + 1, hash: batchHash(batch) })
    if (!lost)
      this.record({ kind: 'batch', gateway, receivedMs: this.#nowMs + 20, bytes: encodeBatch(batch) })
    return seq + 1
  }

  declareLoss(gateway: string, key: SigningKey, from: number, to: number): void {
    const { chain } = this.#ends.get(gateway)!
    const loss = {
      v: 1,
      kind: 'loss',
      gateway,
      chain,
      from,
      to,
      reason: 'bytes',
      madeMs: this.#nowMs,
    } as const
    this.record({ kind: 'loss', gateway, receivedMs: this.#nowMs, bytes: sign1(encodeLoss(loss), key) })
  }

  plain(site: string, values: Readonly<Record<string, number>>): void {
    this.#nowMs += 10
    const bytes = Buffer.from(JSON.stringify({ ts: this.#nowMs - 5, values }))
    this.record({ kind: 'telemetry', receivedMs: this.#nowMs, site, device: 'd', bytes })
  }

  seal(): void {
    const place = { end: this.#seal, madeMs: this.#nowMs, key: this.centre }
    const { bytes, end } = sealRecords(this.#plain.splice(0), place)
    this.#seal = end
    this.record({ kind: 'seal', receivedMs: this.#nowMs, bytes })
  }

  async export(selection: Selection = {}): Promise<Buffer> {
    const chunks: Uint8Array[] = []
    const write = async (bytes: Uint8Array) => void chunks.push(bytes)
    const options = { selection, keys: this.keys, centre: this.centre, nowMs: this.#nowMs }
    await new Exporter(write, options).run(
      (async function* (entries) {
        yield* entries
      })(this.entries),
    )
    return Buffer.concat(chunks)
  }
}

/** Bytes as a file. */
export function fileOf(bytes: Buffer): ReadableFile {
  return {
    size: bytes.length,
    read: async (offset, length) => Buffer.from(bytes.subarray(offset, offset + length)),
  }
}
