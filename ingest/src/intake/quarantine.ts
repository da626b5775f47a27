import { batchBounds, encodeRecord, messageOf } from '@farwatch/model'
import { type Clock, Counter, type Journal, type Logger, type Registry } from '@farwatch/runtime'
import type { Message } from './gate.ts'

const plainBytes = 64 * 1024
/**
 * Kept per minute of all gateways, and of all others together; what comes on top is counted only, so that rubbish can
 * neither fill the disk nor push out what gateways were refused.
 */
const perMinute = {
  gateway: { messages: 600, bytes: 64 * 1024 * 1024 },
  other: { messages: 600, bytes: 4 * 1024 * 1024 },
} as const
/** A client whose refusals go on is named in the log once in this time, and so many clients in all. */
const quietMs = 60_000
const namedInQuiet = 200
const maxDetail = 300

/**
 * What was refused: counted always, kept with its reason for a person to look at, logged once a client and reason.
 * Refused is not lost: nothing here was ever acknowledged as stored.
 */
export class Quarantine {
  readonly #journal: Journal
  readonly #clock: Clock
  readonly #log: Logger
  readonly #refused: Counter
  readonly #unkept: Counter
  readonly #unnamed: Counter
  #named = new Set<string>()
  #namedSinceMs = -Infinity
  #minute = 0
  #kept = noneKept()

  constructor({
    journal,
    clock,
    log,
    metrics,
  }: { journal: Journal; clock: Clock; log: Logger; metrics: Registry }) {
    this.#journal = journal
    this.#clock = clock
    this.#log = log
    this.#refused = new Counter({
      name: 'farwatch_refused_messages_total',
      help: 'Messages refused at intake, by reason',
      labelNames: ['reason'],
      registers: [metrics],
    })
    this.#unnamed = new Counter({
      name: 'farwatch_refused_unnamed_total',
      help: 'Refusals that were counted but not named in the log, because it named many already or the same before',
      registers: [metrics],
    })
    this.#unkept = new Counter({
      name: 'farwatch_refused_unkept_total',
      help: 'Refused messages that were counted but not kept in quarantine',
      registers: [metrics],
    })
  }

  /**
   * True when it is on disk, which what is too much for this minute is not. Never throws: a full disk must not turn a
   * refusal into an acknowledgement problem.
   */
  async put(message: Message, reason: string, text: string): Promise<boolean> {
    this.#countMessage(message, reason, text)
    const minute = Math.floor(this.#clock.now() / 60_000)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#kept = noneKept()
    }
    const who = message.principal.kind === 'gateway' ? 'gateway' : 'other'
    const kept = this.#kept[who]
    kept.messages++
    kept.bytes += keptBytes(message, reason)
    if (kept.messages > perMinute[who].messages || kept.bytes > perMinute[who].bytes) {
      this.#unkept.inc()
      return false
    }
    try {
      await this.#append(message, reason, text)
      return true
    } catch (error) {
      this.#unkept.inc()
      this.#log.warn({ problem: messageOf(error) }, 'a refused message was not kept')
      return false
    }
  }

  /**
   * Keeps a refused message whatever else was refused in this minute and resolves with its position in the journal. For
   * senders who have proven who they are. @throws FarwatchError as `Journal.append`.
   */
  keep(message: Message, reason: string, text: string): Promise<number> {
    this.#countMessage(message, reason, text)
    return this.#append(message, reason, text)
  }

  #append(message: Message, reason: string, text: string): Promise<number> {
    return this.#journal.append(
      encodeRecord({
        kind: 'quarantine',
        receivedMs: this.#clock.now(),
        topic: message.topic.slice(0, 500),
        client: message.client.slice(0, 200),
        reason: `${reason}: ${text}`.slice(0, 500),
        size: message.payload.length,
        bytes: message.payload.subarray(0, keptBytes(message, reason)),
      }),
    )
  }

  #countMessage(message: Message, reason: string, text: string): void {
    this.count(message.client, reason, { topic: message.topic.slice(0, 200), problem: text })
  }

  /** Counts a refusal that has nothing to keep (a wrong password, an oversized packet). */
  count(client: string, reason: string, details: Record<string, unknown>): void {
    this.#refused.inc({ reason })
    const now = this.#clock.monotonicMs()
    if (now - this.#namedSinceMs >= quietMs) {
      this.#named = new Set()
      this.#namedSinceMs = now
    }
    const who = `${client} ${reason}`
    // A client may call itself something else each time: the log must not grow with that.
    if (this.#named.has(who) || this.#named.size >= namedInQuiet) {
      this.#unnamed.inc()
      return
    }
    this.#named.add(who)
    this.#log.warn({ client, reason, ...bounded(details) }, 'refused')
  }
}

/** What a gateway forgets when it is refused is kept whole. */
function keptBytes({ topic, payload, principal }: Message, reason: string): number {
  const whole = principal.kind === 'gateway' && reason !== 'too-large' && topic.endsWith('/batch')
  return Math.min(payload.length, whole ? batchBounds.bytes : plainBytes)
}

function noneKept() {
  return { gateway: { messages: 0, bytes: 0 }, other: { messages: 0, bytes: 0 } }
}

/** Texts from outside as long as a line of the log bears. */
function bounded(details: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.slice(0, maxDetail) : value,
    ]),
  )
}
