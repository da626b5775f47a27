import { randomBytes } from 'node:crypto'
import { batchHash, generateKeyPem, noHash, type SigningKey, sealBatch, signingKey } from '@farwatch/evidence'
import { type LoadMessage, type LoadResult, plainTelemetry, publishLoad } from '@farwatch/firmware-sim'
import { encodeBatch, type Series, topics } from '@farwatch/model'
import { lineToParent } from '../child.ts'
import { crossing, gatewayId, gatewayPoint, gateways } from './city.ts'

/** The load of the ingest bench, in a process of its own; everything is sealed before the clock starts, unless told otherwise. */

/** One load: each gateway (or device) sends `messages` messages, times `stepMs` apart. */
export interface Load {
  readonly kind: 'signed' | 'plain'
  /** Points of a signed batch, and readings of each. */
  readonly points: number
  readonly each: number
  readonly messages: number
  readonly fromMs: number
  /** Batches are sealed while they are sent, not before: for loads that memory would not hold. */
  readonly sealedOnTheWay?: boolean
}

/** Where to, and the gateways' passwords. */
export interface Target {
  readonly port: number
  readonly passwords: readonly string[]
}

/** Time from one reading of a point to its next, as stamped. */
export const stepMs = 100
/** QoS 1 messages that each connection has under way. */
export const inFlight = { signed: 32, plain: 200 } as const

/** `cpuSeconds`: what sending took of the load's own process. */
export type Sent = LoadResult & { readonly cpuSeconds: number }
export type FromLoad = readonly string[] | 'prepared' | Sent

async function main(): Promise<void> {
  const line = lineToParent<FromLoad, Load | Target>()
  const chains = Array.from({ length: gateways }, (_, g) => new Chain(g))
  line.send(chains.map(({ key }) => key.publicKey))
  for (;;) {
    const load = (await line.receive()) as Load
    const next = load.kind === 'plain' ? plain(load) : signed(load, chains)
    line.send('prepared')
    const { port, passwords } = (await line.receive()) as Target
    const began = process.cpuUsage()
    const result = await publishLoad({
      ...{ host: '127.0.0.1', port, connections: gateways, inFlight: inFlight[load.kind], next },
      ...(load.kind === 'signed' && {
        credential: (g: number) => ({ username: gatewayId(g), password: passwords[g]! }),
        subscribe: (g: number) => topics.receipt(gatewayId(g)),
      }),
    })
    const { user, system } = process.cpuUsage(began)
    line.send({ ...result, cpuSeconds: (user + system) / 1e6 })
  }
}

function plain({ messages, fromMs }: Load) {
  return plainTelemetry({ devices: gateways, messages, fromMs, everyMs: stepMs })
}

function signed(load: Load, chains: readonly Chain[]) {
  const sealed = chains.map((chain) =>
    load.sealedOnTheWay ? chain.seal(load) : [...chain.seal(load)].values(),
  )
  return (gateway: number): LoadMessage | undefined => {
    const payload = sealed[gateway]!.next().value
    return payload === undefined ? undefined : { topic: topics.batch(gatewayId(gateway)), payload }
  }
}

/** One gateway with its key and its chain of batches. */
class Chain {
  readonly key: SigningKey = signingKey(generateKeyPem())
  readonly #gateway: number
  readonly #ids = { chain: randomBytes(8).toString('hex'), boot: randomBytes(8).toString('hex') }
  #seq = 0
  #prev = noHash

  constructor(gateway: number) {
    this.#gateway = gateway
  }

  *seal({ points, each, messages, fromMs }: Load): Generator<Uint8Array> {
    for (let n = 0; n < messages; n++) {
      const series = Array.from({ length: points }, (_, point): Series => {
        // The last message of each load crosses a limit, so that the rules can be seen to have been there.
        const crosses = point === 0 && n === messages - 1
        return {
          point: gatewayPoint(this.#gateway, point),
          timeSource: 'gateway',
          timesMs: Float64Array.from({ length: each }, (_, i) => fromMs + (n * each + i) * stepMs),
          values: Float64Array.from({ length: each }, (_, i) =>
            crosses && i === each - 1 ? crossing : 20 + ((n * 7 + i + point) % 100) / 10,
          ),
          qualities: new Uint16Array(each),
        }
      })
      yield this.#next(series, fromMs + (n + 1) * each * stepMs)
    }
  }

  #next(series: readonly Series[], madeMs: number): Uint8Array {
    const place = {
      gateway: gatewayId(this.#gateway),
      ...this.#ids,
      prev: this.#prev,
      madeMs,
      monotonicMs: 0,
    }
    const batch = sealBatch(series, { ...place, seq: ++this.#seq }, this.key)
    this.#prev = batchHash(batch)
    return encodeBatch(batch)
  }
}

if (import.meta.main) await main()
