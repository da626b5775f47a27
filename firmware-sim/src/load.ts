import { FarwatchError, messageOf, topics } from '@farwatch/model'
import { LoadConnection } from './load-connection.ts'

export interface LoadMessage {
  readonly topic: string
  readonly payload: Uint8Array
}

export interface LoadOptions {
  readonly host: string
  readonly port: number
  readonly connections: number
  /** QoS 1 messages a connection may have without acknowledgement. */
  readonly inFlight: number
  /** The next message of a connection (0 …), or undefined when it has no more. */
  readonly next: (connection: number) => LoadMessage | undefined
  /** Who a connection is, its client id being the user name as gateways have it; connects anonymously without. */
  readonly credential?: (connection: number) => { readonly username: string; readonly password: string }
  /** A topic whose messages a connection takes and acknowledges as well, as a gateway its receipts. */
  readonly subscribe?: (connection: number) => string
  /** Ends early: no message is begun after it, acknowledgements are not waited for. */
  readonly signal?: AbortSignal
}

export interface LoadResult {
  /** Messages with a PUBACK, and the milliseconds from the first publish to the last PUBACK. */
  readonly acknowledged: number
  readonly elapsedMs: number
  /** When the first was published, Unix ms. */
  readonly beganMs: number
}

/**
 * Publishes everything `next` gives, as fast as acknowledgements come back. Resolves when all are acknowledged.
 * @throws FarwatchError `load-failed` when the broker refuses or closes any of the connections.
 */
export async function publishLoad(options: LoadOptions): Promise<LoadResult> {
  const connections: LoadConnection[] = []
  const end = () => {
    for (const connection of connections) connection.end()
  }
  options.signal?.addEventListener('abort', end, { once: true })
  try {
    for (let i = 0; i < options.connections; i++) {
      const { host, port, inFlight, next } = options
      const credential = options.credential?.(i)
      connections.push(
        new LoadConnection({
          host,
          port,
          inFlight,
          clientId: credential?.username ?? `load-${process.pid}-${i}`,
          credential,
          subscribe: options.subscribe?.(i),
          next: () => (options.signal?.aborted ? undefined : next(i)),
        }),
      )
    }
    await Promise.all(connections.map((connection) => connection.open()))
    const beganMs = Date.now()
    const began = performance.now()
    await Promise.all(connections.map((connection) => connection.publishAll()))
    return {
      acknowledged: connections.reduce((sum, connection) => sum + connection.acknowledged, 0),
      elapsedMs: performance.now() - began,
      beganMs,
    }
  } catch (cause) {
    throw new FarwatchError('load-failed', messageOf(cause), { cause })
  } finally {
    options.signal?.removeEventListener('abort', end)
    end()
  }
}

export interface PlainLoad {
  readonly devices: number
  /** Messages a device. */
  readonly messages: number
  /** Time of the first message, Unix ms; the others follow `everyMs` apart, so that no reading is a duplicate. */
  readonly fromMs: number
  readonly everyMs: number
}

/**
 * Plain JSON of 5 values a message on `telemetry/SITE/DEVICE`, sites `LOAD0` …: a generator for each connection, made for
 * as many connections as devices.
 */
export function plainTelemetry({ devices, messages, fromMs, everyMs }: PlainLoad): LoadOptions['next'] {
  const sent = new Int32Array(devices)
  return (connection) => {
    const n = sent[connection]
    if (n === undefined || n >= messages) return undefined
    sent[connection] = n + 1
    const base = (n * 7 + connection) % 100
    const payload = `{"ts":${fromMs + n * everyMs},"values":{"pm10":${base + 0.5},"tsp":${base + 40},"noise":${55 + base / 10},"windSpeed":${base / 25},"windDirection":${base * 3}}}`
    return { topic: topics.telemetry(`LOAD${connection}`, 'station1'), payload: Buffer.from(payload) }
  }
}
