import { batchBounds, encodeRecord, messageOf } from '@farwatch/model'
import { type Clock, Counter, type Journal, type Logger, type Registry } from '@farwatch/runtime'
import type { Message } from './gate.ts'

const plainBytes = 64 * 1024
/** Kept per minute over all clients; what comes on top is counted only, so that rubbish cannot fill the disk. */
const keptPerMinute = 600
/** A client whose refusals go on is named in the log once in this time. */
const quietMs = 60_000
const maxNamedClients = 10_000

type Refused = Pick<Message, 'topic' | 'client' | 'payload'>

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
  readonly #named = new Map<string, number>()
  #minute = 0
  #kept = 0

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
    this.#unkept = new Counter({
      name: 'farwatch_refused_unkept_total',
      help: 'Refused messages that were counted but not kept in quarantine',
      registers: [metrics],
    })
  }

  /** Never throws: a full disk must not turn a refusal into an acknowledgement problem. */
  async put(message: Refused, reason: string, text: string): Promise<void> {
    this.#countMessage(message, reason, text)
    const minute = Math.floor(this.#clock.now() / 60_000)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#kept = 0
    }
    if (++this.#kept > keptPerMinute) {
      this.#unkept.inc()
      return
    }
    try {
      await this.#append(message, reason, text)
    } catch (error) {
      this.#unkept.inc()
      this.#log.warn({ problem: messageOf(error) }, 'a refused message was not kept')
    }
  }

  /**
   * Keeps a refused message whatever else was refused in this minute and resolves with its position in the journal. For
   * senders who have proven who they are. @throws FarwatchError as `Journal.append`.
   */
  keep(message: Refused, reason: string, text: string): Promise<number> {
    this.#countMessage(message, reason, text)
    return this.#append(message, reason, text)
  }

  #append(message: Refused, reason: string, text: string): Promise<number> {
    const most = reason === 'too-large' || !message.topic.endsWith('/batch') ? plainBytes : batchBounds.bytes
    return this.#journal.append(
      encodeRecord({
        kind: 'quarantine',
        receivedMs: this.#clock.now(),
        topic: message.topic.slice(0, 500),
        client: message.client.slice(0, 200),
        reason: `${reason}: ${text}`.slice(0, 500),
        size: message.payload.length,
        bytes: message.payload.subarray(0, most),
      }),
    )
  }

  #countMessage(message: Refused, reason: string, text: string): void {
    this.count(message.client, reason, { topic: message.topic.slice(0, 200), problem: text })
  }

  /** Counts a refusal that has nothing to keep (a wrong password, an oversized packet). */
  count(client: string, reason: string, details: Record<string, unknown>): void {
    this.#refused.inc({ reason })
    const now = this.#clock.monotonicMs()
    const who = `${client} ${reason}`
    const last = this.#named.get(who)
    if (last !== undefined && now - last < quietMs) return
    if (this.#named.size >= maxNamedClients) this.#named.clear()
    this.#named.set(who, now)
    this.#log.warn({ client, reason, ...details }, 'refused')
  }
}
