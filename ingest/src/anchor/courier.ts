import { messageOf } from '@farwatch/model'
import { backoffMs, type Clock, type Logger } from '@farwatch/runtime'
import type { Destination, DestinationKind } from './destination.ts'
import type { StoredAnchor } from './store.ts'

const firstBackOffMs = 1_000
const longestBackOffMs = 3_600_000
const lookAgainMs = 3_600_000

export interface CourierDeps {
  readonly clock: Clock
  readonly log: Logger
  /** 0…1, for the jitter. */
  readonly random: () => number
  readonly onFailure: (kind: DestinationKind) => void
  /** Sequence of the newest anchor, 0 where there is none. */
  readonly newest: () => number
  /** Something has arrived that other destinations may want to know of. */
  readonly onDelivered: (kind: DestinationKind) => void
}

/** Brings every anchor to one destination, in order, one at a time, trying again for as long as it takes. */
export class Courier {
  readonly #destination: Destination
  readonly #deps: CourierDeps
  #woken = new AbortController()
  #waiting: readonly StoredAnchor[] = []
  #reached = 0
  #problem: string | undefined

  constructor(destination: Destination, deps: CourierDeps) {
    this.#destination = destination
    this.#deps = deps
  }

  get kind(): DestinationKind {
    return this.#destination.kind
  }

  /** What has not arrived yet, the oldest first, as of the last look. */
  get waiting(): readonly StoredAnchor[] {
    return this.#waiting
  }

  /** All anchors up to this sequence have arrived, as of the last look. */
  get reached(): number {
    return this.#reached
  }

  /** Why the last try failed, until one succeeds. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** There may be something new: looks at once, also in the middle of a back-off. */
  wake(): void {
    this.#woken.abort()
    this.#woken = new AbortController()
  }

  /** Returns when the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { random } = this.#deps
    let delays = backoffMs(firstBackOffMs, longestBackOffMs, random)
    while (!signal.aborted) {
      const woken = this.#woken.signal
      const good = await this.#round(signal)
      if (good) delays = backoffMs(firstBackOffMs, longestBackOffMs, random)
      if (!signal.aborted)
        await this.#rest(good ? lookAgainMs : delays.next().value, AbortSignal.any([signal, woken]))
    }
  }

  /** Delivers what waits; whether all of it has arrived. */
  async #round(signal: AbortSignal): Promise<boolean> {
    const { log, newest, onFailure, onDelivered } = this.#deps
    try {
      const upTo = newest()
      this.#waiting = await this.#destination.waiting()
      this.#reached = (this.#waiting[0]?.seq ?? upTo + 1) - 1
      for (const anchor of this.#waiting) {
        await this.#destination.deliver(anchor, signal)
        this.#waiting = this.#waiting.slice(1)
        this.#reached = (this.#waiting[0]?.seq ?? anchor.seq + 1) - 1
        onDelivered(this.kind)
      }
      if (this.#problem !== undefined) log.info({ destination: this.kind }, 'anchors arrive again')
      this.#problem = undefined
      return true
    } catch (error) {
      if (signal.aborted) return false
      onFailure(this.kind)
      const problem = messageOf(error)
      if (this.#problem === undefined)
        log.warn({ destination: this.kind, problem }, 'an anchor did not arrive')
      this.#problem = problem
      return false
    }
  }

  /** Ends early when woken or stopped. */
  #rest(ms: number, signal: AbortSignal): Promise<void> {
    return this.#deps.clock.sleep(ms, signal).catch(() => undefined)
  }
}
