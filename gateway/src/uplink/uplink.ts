import { type GatewayStatus, messageOf, topics } from '@farwatch/model'
import {
  backoffMs,
  type Clock,
  type Journal,
  type JournalEntry,
  type JournalRecord,
  type Logger,
} from '@farwatch/runtime'
import mqtt, { type MqttClient } from 'mqtt'
import type { Answered } from './answered.ts'
import { lossIn } from './gone.ts'
import type { Losses } from './losses.ts'
import { type Lane, maxInFlight, Window } from './window.ts'

export interface UplinkOptions {
  readonly gateway: string
  /** `mqtt://host:port` or `mqtts://…` of the centre. */
  readonly url: string
  readonly password: string
  readonly journal: Journal
  readonly answered: Answered
  readonly losses: Losses
  readonly clock: Clock
  readonly log: Logger
  /** What backfill may take of the line. */
  readonly bytesPerSecond: number
  /** Chains that this gateway has ended. */
  readonly ended: ReadonlySet<string>
  /** Seals again what of a chain has no answer from a journal position on. */
  readonly reseal: (from: number) => Promise<void>
  /** What the status message says; asked each time it is sent. */
  readonly status: () => Omit<GatewayStatus, 'v' | 'online' | 'spool' | 'backfill' | 'lost'>
}

/** How a lane stands: batches ever sent by it, batches that wait for their receipt, when the oldest of them was made. */
export interface LaneState {
  readonly sent: number
  readonly waiting: number
  readonly oldestMadeMs: number | undefined
}

export interface Uplink {
  /** Sends the status again. */
  nudge(): void
  lane(lane: Lane): LaneState
  /** Sends nothing before this position while `work` runs, and first waits a moment for receipts of what is under way. */
  without(until: number, work: () => Promise<void>): Promise<void>
  stop(): Promise<void>
}

const receiptTimeoutMs = 10_000
const statusEveryMs = 15_000
const goodbyeMs = 500

const lossAgainMs = 30_000
const settleMs = 2_000

/**
 * Sends the journal's batches to the centre and forgets each on its receipt, never on the broker's PUBACK. The journal is
 * the only outbox: each connection starts anew from what has no answer, so what was on its way when a link broke is sent
 * again, and the centre answers `duplicate`. Losses are told until the centre has put them down.
 */
export async function startUplink(options: UplinkOptions): Promise<Uplink> {
  const { journal, answered, losses, log, clock } = options
  const abort = new AbortController()
  const sent = { live: 0, backfill: 0 }
  /** Nothing before this position is sent: it is being given up. */
  const barred = { until: 0 }
  let client: MqttClient | undefined
  let window: Window | undefined
  const publishStatus = (online: boolean) => {
    if (client?.connected)
      client.publish(topics.status(options.gateway), status(online), { qos: 1, retain: true })
  }

  function lane(name: Lane): LaneState {
    const state = window?.state(name)
    // Without a connection there is one lane: all that waits.
    const waiting = state?.waiting ?? (name === 'live' ? answered.waiting() : 0)
    return { sent: sent[name], waiting, oldestMadeMs: state?.oldestMadeMs }
  }

  function status(online: boolean): string {
    const spool = { batches: answered.waiting(), bytes: journal.bytes }
    const { waiting, oldestMadeMs } = lane('backfill')
    return JSON.stringify({
      ...{ v: 1, online, ...options.status(), spool },
      ...(waiting > 0 && oldestMadeMs !== undefined ? { backfill: { batches: waiting, oldestMadeMs } } : {}),
      ...(losses.total.batches > 0 ? { lost: losses.total } : {}),
    } satisfies GatewayStatus)
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
        const wait = (error: unknown) =>
          log.warn({ problem: messageOf(error) }, 'what is known of a loss is not on disk yet')
        window = new Window({
          ...options,
          barred,
          onMissed: (missed) => void losses.missed(missed).catch(wait),
          onDeclared: (chain, verdict) => void losses.settle(chain, verdict).catch(wait),
        })
        await sendUntilBroken(client, window, {
          ...options,
          signal: abort.signal,
          barred,
          onSent: (name) => sent[name]++,
        })
      } catch (error) {
        const problem = messageOf(error)
        if (down !== problem && !abort.signal.aborted)
          log.warn({ centre: options.url, problem }, 'uplink down; readings wait on disk')
        down = problem
      }
      window = undefined
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
    lane,
    async without(until, work) {
      const giveUpMs = clock.monotonicMs() + settleMs
      barred.until = until
      try {
        while (window?.isUnderWay(until) && clock.monotonicMs() < giveUpMs && !abort.signal.aborted)
          await clock.sleep(10, abort.signal).catch(() => undefined)
        await work()
      } finally {
        barred.until = 0
        window?.changed()
      }
    },
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

interface LifeOptions extends UplinkOptions {
  readonly signal: AbortSignal
  readonly barred: { readonly until: number }
  readonly onSent: (lane: Lane) => void
}

/** One connected life: sends what the window names, until the link breaks or falls silent, which throws. */
async function sendUntilBroken(client: MqttClient, window: Window, options: LifeOptions): Promise<void> {
  const { gateway, journal, answered, losses, clock, signal, log, barred, onSent } = options
  const life = new AbortController()
  const both = AbortSignal.any([signal, life.signal])
  const lost = (error: unknown) => {
    if (!both.aborted) log.warn({ problem: messageOf(error) }, 'declarations of loss wait')
  }
  const tellLosses = () =>
    losses.sending().then((pending) => {
      if (both.aborted) return
      for (const { signed } of pending) client.publish(topics.loss(gateway), Buffer.from(signed), { qos: 1 })
    }, lost)
  client.on('error', (error) => life.abort(error))
  client.on('close', () => life.abort(new Error('the centre closed the connection')))
  client.on('message', (topic, payload) => {
    if (topic === topics.receipt(gateway)) window.receive(payload)
  })
  const stopWatch = clock.every(1_000, () => {
    window.sendOvertakenAgain()
    if (window.silentMs() > receiptTimeoutMs)
      life.abort(new Error(`no receipt within ${receiptTimeoutMs / 1000} s`))
  })
  const stopTelling = clock.every(lossAgainMs, () => void tellLosses())
  losses.onDeclared(() => void tellLosses())
  try {
    await client.subscribeAsync(topics.receipt(gateway), { qos: 1 })
    await tellLosses()
    const ahead: Record<Lane, readonly JournalEntry[]> = { live: [], backfill: [] }
    while (!both.aborted) {
      const { forkedAt } = window
      if (forkedAt !== undefined) {
        await options.reseal(forkedAt)
        window.resealed()
        continue
      }
      const next = window.draw()
      if (next === undefined) {
        await window.idle(both)
        continue
      }
      const record = await recordAt(next, ahead)
      if (record === undefined || both.aborted) continue
      onSent(window.sent(record))
      client.publish(topics.batch(gateway), Buffer.from(record.payload), { qos: 1 })
    }
    if (!signal.aborted) throw life.signal.reason
  } finally {
    losses.onDeclared(() => undefined)
    stopTelling()
    stopWatch()
    life.abort()
  }

  /** The batch at this place, read ahead by lane; undefined when it is damaged or gone, which is then declared. */
  async function recordAt(
    { lane, position }: { lane: Lane; position: number },
    ahead: Record<Lane, readonly JournalEntry[]>,
  ): Promise<JournalRecord | undefined> {
    if (!ahead[lane].some((one) => one.position === position))
      ahead[lane] = await journal.read(position, { records: maxInFlight })
    // While it was read it may have been given up.
    if (position < barred.until || answered.has(position)) return undefined
    const entries = ahead[lane].filter((one) => one.position >= position)
    const [first] = entries
    if (first?.payload !== undefined && first.position === position) return first
    const whole = entries.find(({ payload }) => payload !== undefined)
    const until = whole?.position ?? (entries.at(-1)?.position ?? position) + 1
    const reason = first?.position === position ? 'damaged' : 'acknowledged'
    try {
      await losses.declare(await lossIn(journal, { from: position, until }, reason))
      answered.add({ from: position, until })
    } catch (error) {
      lost(error)
      window.postpone(position)
    }
    return undefined
  }
}
