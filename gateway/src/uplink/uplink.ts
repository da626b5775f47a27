import { type GatewayStatus, messageOf, topics } from '@farwatch/model'
import {
  backoffMs,
  type Clock,
  type Cursor,
  type Journal,
  type Logger,
  type Service,
} from '@farwatch/runtime'
import mqtt, { type MqttClient } from 'mqtt'
import { createWindow, maxInFlight } from './window.ts'

export interface UplinkOptions {
  readonly gateway: string
  /** `mqtt://host:port` or `mqtts://…` of the centre. */
  readonly url: string
  readonly password: string
  readonly journal: Journal
  readonly clock: Clock
  readonly log: Logger
  /** Begins a new chain of batches with what waits behind the cursor. */
  readonly beginChain: (cursor: Cursor) => Promise<void>
  /** What the status message says; asked each time it is sent. */
  readonly status: () => Omit<GatewayStatus, 'v' | 'online' | 'spool'>
}

const receiptTimeoutMs = 10_000
const statusEveryMs = 15_000
const goodbyeMs = 500

/**
 * Sends the journal's batches to the centre, in order, and forgets each on its receipt, never on the broker's PUBACK.
 * The journal is the only outbox: each connection starts anew from the cursor, so what was on its way when a link broke
 * is sent again, and the centre answers `duplicate`.
 */
export async function startUplink(options: UplinkOptions): Promise<Service & { nudge(): void }> {
  const { journal, log, clock } = options
  const cursor = await journal.cursor('uplink')
  const abort = new AbortController()
  let client: MqttClient | undefined
  const publishStatus = (online: boolean) => {
    if (client?.connected)
      client.publish(topics.status(options.gateway), status(online), { qos: 1, retain: true })
  }

  function status(online: boolean): string {
    const spool = { batches: journal.next - cursor.position, bytes: journal.bytes }
    return JSON.stringify({ v: 1, online, ...options.status(), spool } satisfies GatewayStatus)
  }

  async function live(): Promise<void> {
    let delays = backoffMs(500, 30_000)
    let down: string | undefined
    while (!abort.signal.aborted) {
      try {
        client = await connect(options, status(false), abort.signal)
        log.info({ centre: options.url }, 'uplink connected')
        down = undefined
        delays = backoffMs(500, 30_000)
        publishStatus(true)
        await sendUntilBroken(client, cursor, { ...options, signal: abort.signal })
      } catch (error) {
        const problem = messageOf(error)
        if (down !== problem && !abort.signal.aborted)
          log.warn({ centre: options.url, problem }, 'uplink down; readings wait on disk')
        down = problem
      }
      if (abort.signal.aborted) break
      client?.end(true)
      await clock.sleep(delays.next().value, abort.signal).catch(() => undefined)
    }
    publishStatus(false)
    if (client !== undefined) await sayGoodbye(client, clock)
  }

  const done = live()
  const stopStatus = clock.every(statusEveryMs, () => publishStatus(true))
  return {
    nudge: () => publishStatus(true),
    async stop() {
      stopStatus()
      abort.abort()
      await done
    },
  }
}

function connect(options: UplinkOptions, will: string, signal: AbortSignal): Promise<MqttClient> {
  const client = mqtt.connect(options.url, {
    clientId: options.gateway,
    username: options.gateway,
    password: options.password,
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: 10_000,
    keepalive: 20,
    will: { topic: topics.status(options.gateway), payload: Buffer.from(will), qos: 1, retain: true },
  })
  return new Promise((resolve, reject) => {
    const stopped = () => fail(signal.reason)
    const fail = (error: unknown) => {
      signal.removeEventListener('abort', stopped)
      client.end(true)
      reject(error)
    }
    signal.addEventListener('abort', stopped, { once: true })
    client.once('connect', () => {
      signal.removeEventListener('abort', stopped)
      resolve(client)
    })
    client.on('error', fail)
    client.once('close', () => fail(new Error('the centre closed the connection')))
  })
}

/** Lets what is under way arrive, if the centre still answers; what it does not acknowledge is sent again next time. */
async function sayGoodbye(client: MqttClient, clock: Clock): Promise<void> {
  const late = new AbortController()
  await Promise.race([client.endAsync(false), clock.sleep(goodbyeMs, late.signal).catch(() => undefined)])
  late.abort()
  client.end(true)
}

/** One connected life: sends from the cursor on, until the link breaks or falls silent, which throws. */
async function sendUntilBroken(
  client: MqttClient,
  cursor: Cursor,
  options: UplinkOptions & { signal: AbortSignal },
): Promise<void> {
  const { gateway, journal, clock, signal } = options
  const life = new AbortController()
  const both = AbortSignal.any([signal, life.signal])
  const window = createWindow(cursor, options)
  client.on('error', (error) => life.abort(error))
  client.on('close', () => life.abort(new Error('the centre closed the connection')))
  client.on('message', (topic, payload) => {
    if (topic === topics.receipt(gateway)) window.receive(payload)
  })
  const stopWatch = clock.every(1_000, () => {
    if (window.silentMs() > receiptTimeoutMs)
      life.abort(new Error(`no receipt within ${receiptTimeoutMs / 1000} s`))
  })
  try {
    await client.subscribeAsync(topics.receipt(gateway), { qos: 1 })
    while (!both.aborted) {
      if (window.forked) {
        await options.beginChain(cursor)
        window.restart()
      }
      for await (const records of journal.follow(window.next, window.until(both), { records: maxInFlight })) {
        for (const record of records) {
          if (record.payload === undefined) {
            await window.endsAt(record.position, both)
            break
          }
          if (!(await window.admits(record, both))) break
          client.publish(topics.batch(gateway), Buffer.from(record.payload), { qos: 1 })
        }
      }
    }
    if (!signal.aborted) throw life.signal.reason
  } finally {
    stopWatch()
    life.abort()
  }
}
