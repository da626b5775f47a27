import { messageOf } from '@farwatch/model'
import type { DriverContext, Point, Sample } from '../../driver.ts'
import { Mailbox } from '../../mailbox.ts'
import { type MqttAddress, topicOf } from './address.ts'
import { type Mapping, parsePayload } from './payload.ts'

/** Messages handed on in one batch, and messages that may wait: far more than the reads of all sockets hold at once. */
const maxBatch = 1_000
const maxWaiting = 100_000

interface Waiting {
  readonly samples: readonly Sample[]
  readonly stored: () => void
}

/**
 * Between a broker or a client, which hand in messages one by one and wait for leave to acknowledge, and the driver's
 * batches. Back-pressure comes by itself: nothing more is read of a sender while one read of its socket waits here.
 */
export class Inbox {
  readonly #context: DriverContext
  readonly #mappings: ReadonlyMap<string, readonly Mapping[]>
  /** Topics whose last message was malformed. */
  readonly #malformed = new Set<string>()
  #sawUnmapped = false
  /** A message that gives way was not acknowledged: a device that wants it kept sends it again. */
  readonly #waiting: Mailbox<Waiting>

  constructor(points: readonly Point<MqttAddress>[], context: DriverContext, signal: AbortSignal) {
    this.#context = context
    this.#mappings = Map.groupBy(points, ({ key, address }) => topicOf(address, key))
    this.#waiting = new Mailbox({
      bound: maxWaiting,
      overflowed: (count) => context.refused('overflow', count),
      signal,
    })
  }

  get topics(): string[] {
    return [...this.#mappings.keys()]
  }

  /** Takes one message; `stored` is called once it may be acknowledged: at once where there is nothing to store. */
  take(topic: string, payload: Uint8Array, stored: () => void): void {
    const mappings = this.#mappings.get(topic)
    const samples = mappings === undefined ? this.#unmapped(topic) : this.#parse(topic, payload, mappings)
    if (samples.length === 0) stored()
    else this.#waiting.put({ samples, stored })
  }

  /** Rejects once it failed or was aborted. */
  get end(): Promise<never> {
    return this.#waiting.end
  }

  /** Ends `batches` with an error; a driver's listeners call it when the link breaks. */
  fail(error: unknown): void {
    this.#waiting.fail(error)
  }

  /** Yields [] and then what came in; resuming acknowledges the batch yielded before. Returns on abort. */
  async *batches(): AsyncGenerator<readonly Sample[]> {
    yield []
    for await (const messages of this.#waiting.batches(maxBatch)) {
      yield messages.flatMap(({ samples }) => samples)
      for (const { stored } of messages) stored()
    }
  }

  #unmapped(topic: string): readonly Sample[] {
    this.#context.refused('unmapped-topic')
    if (!this.#sawUnmapped)
      this.#context.log.warn({ topic: topic.slice(0, 200) }, 'message on a topic that no point names')
    this.#sawUnmapped = true
    return []
  }

  #parse(topic: string, payload: Uint8Array, mappings: readonly Mapping[]): readonly Sample[] {
    let samples: readonly Sample[] = []
    let problem: string | undefined
    try {
      ;({ samples, problem } = parsePayload(payload, mappings, this.#context.clock.now()))
    } catch (error) {
      // Brackets nested by the thousand parse, but break what walks them.
      problem = messageOf(error)
    }
    if (problem !== undefined) this.#context.refused('malformed-payload')
    if (problem !== undefined && !this.#malformed.has(topic)) {
      this.#malformed.add(topic)
      this.#context.log.warn({ topic, problem }, 'malformed payloads')
    } else if (problem === undefined && this.#malformed.delete(topic)) {
      this.#context.log.info({ topic }, 'payloads are well formed again')
    }
    return samples
  }
}
