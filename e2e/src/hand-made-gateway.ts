import { batchHash, generateKeyPem, noHash, sealBatch, signingKey } from '@farwatch/evidence'
import {
  type BatchHeader,
  type BatchMessage,
  encodeBatch,
  Receipt,
  type Series,
  topics,
  type Verdict,
} from '@farwatch/model'
import mqtt, { type MqttClient } from 'mqtt'

/** One reading of one point. */
export function reading(point: string, value: number, timeMs = Date.now()): Series {
  return {
    point,
    timeSource: 'device',
    timesMs: Float64Array.of(timeMs),
    values: Float64Array.of(value),
    qualities: Uint16Array.of(0),
  }
}

const waitMs = 30_000

/** A gateway whose batches are made one by one, right or wrong; it speaks to a centre over MQTT as the real one does. */
export class HandMadeGateway {
  readonly name: string
  readonly key = signingKey(generateKeyPem())
  readonly #client: MqttClient
  #verdicts: Verdict[] = []
  #wake: () => void = () => undefined
  #seq = 0
  #prev: Uint8Array = noHash

  private constructor(name: string, client: MqttClient) {
    this.name = name
    this.#client = client
    client.on('message', (_, payload) => {
      this.#verdicts.push(...Receipt.parse(JSON.parse(payload.toString())).verdicts)
      this.#wake()
    })
  }

  /** Connects and shows its key, which the centre trusts on first use. */
  static async open(port: number, name: string, password: string): Promise<HandMadeGateway> {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, {
      clientId: name,
      username: name,
      password,
      reconnectPeriod: 0,
      connectTimeout: waitMs,
    })
    const gateway = new HandMadeGateway(name, client)
    await client.subscribeAsync(topics.receipt(name), { qos: 1 })
    const status = { v: 1, online: true, publicKey: gateway.key.publicKey }
    await gateway.publish(topics.status(name), JSON.stringify(status))
    return gateway
  }

  /** Seals the batch that comes next in the chain, which goes on behind it; `place` and `key` lie about it. */
  seal(series: readonly Series[], place: Partial<BatchHeader> = {}, key = this.key): BatchMessage {
    const next = { seq: this.#seq + 1, prev: this.#prev, ...place }
    const ids = { gateway: this.name, chain: '00000000000000aa', boot: '00000000000000bb' }
    return sealBatch(series, { ...ids, madeMs: Date.now(), monotonicMs: 1, ...next }, key)
  }

  /** The chain goes on behind this batch. */
  follow(batch: BatchMessage): void {
    this.#seq++
    this.#prev = batchHash(batch)
  }

  publish(topic: string, payload: string | Uint8Array): Promise<unknown> {
    return this.#client.publishAsync(topic, Buffer.from(payload as Uint8Array), { qos: 1 })
  }

  /** Sends a batch, or bytes that pretend to be one, and resolves with the verdict on it. */
  async send(batch: BatchMessage | Uint8Array): Promise<Verdict> {
    const [verdict] = await this.answerTo(batch)
    return verdict!
  }

  /** All verdicts of the receipt that comes: on the batch itself, then on what is missing before it. */
  async answerTo(batch: BatchMessage | Uint8Array): Promise<readonly Verdict[]> {
    const bytes = batch instanceof Uint8Array ? batch : encodeBatch(batch)
    this.#verdicts = []
    await this.publish(topics.batch(this.name), bytes)
    if (this.#verdicts.length === 0) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no receipt within ${waitMs} ms`)), waitMs)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    return this.#verdicts
  }

  close(): Promise<void> {
    return this.#client.endAsync(true)
  }
}
