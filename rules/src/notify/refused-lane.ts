import { backoffMs, type Clock } from '@farwatch/runtime'
import { longestBackOffMs, type Notification } from './channel.ts'

/** Refused notifications that may wait at once; beyond it the newer ones wait in the journal. */
const mostWaiting = 1_000
const firstRetryMs = 5_000

export interface Waiting {
  readonly notification: Notification
  /** Of its record in the journal. */
  readonly position: number
}

export interface RefusedLaneOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly random: () => number
  /** One more attempt; whether the receiver still refuses. */
  readonly attempt: (notification: Notification) => Promise<'refused' | 'done'>
  /** Something has left the lane. */
  readonly onLeft: () => void
}

/**
 * Where notifications wait that the receiver refused as not authentic. Most often all are refused, because a clock or a secret
 * is wrong, and one probe a round, ever more slowly, finds out when it comes right. Sometimes a receiver dislikes one
 * message only: then the others must not wait behind it. The steps of one alert never overtake one another.
 */
export class RefusedLane {
  readonly #options: RefusedLaneOptions
  /** By alert, the next to be probed first. */
  readonly #waiting = new Map<string, Waiting[]>()
  #count = 0
  #probe = new AbortController()
  #changed = Promise.withResolvers<void>()

  constructor(options: RefusedLaneOptions) {
    this.#options = options
  }

  /** Whether a step of this alert waits, so that a later one must wait too. */
  has(alert: string): boolean {
    return this.#waiting.has(alert)
  }

  /** Position of the oldest that waits. */
  get oldest(): number | undefined {
    if (this.#count === 0) return undefined
    return Math.min(...[...this.#waiting.values()].map(([first]) => first!.position))
  }

  /** Resolves once there is room for it, or the signal aborts. */
  async put(item: Waiting): Promise<void> {
    const { signal } = this.#options
    while (this.#count >= mostWaiting && !signal.aborted) await this.#change()
    const { id } = item.notification.alert
    this.#waiting.set(id, [...(this.#waiting.get(id) ?? []), item])
    this.#count++
    this.#tell()
  }

  /** The receiver believes again: probes at once. */
  retryNow(): void {
    this.#probe.abort()
  }

  /** Returns when the signal aborts. */
  async run(): Promise<void> {
    const { clock, signal, random } = this.#options
    let delays = backoffMs(firstRetryMs, longestBackOffMs, random)
    while (!signal.aborted) {
      if (this.#count === 0) {
        delays = backoffMs(firstRetryMs, longestBackOffMs, random)
        await this.#change()
        continue
      }
      await clock
        .sleep(delays.next().value, AbortSignal.any([signal, this.#probe.signal]))
        .catch(() => undefined)
      this.#probe = new AbortController()
      await this.#round().catch((error: unknown) => {
        if (!signal.aborted) throw error
      })
    }
  }

  /** Probes with one alert; where it is taken, goes through all the others too. */
  async #round(): Promise<void> {
    let believed = false
    for (const id of [...this.#waiting.keys()]) {
      const before = this.#count
      await this.#deliver(id)
      believed ||= this.#count < before
      if (!believed) return
    }
  }

  /** Sends the steps of one alert in order, up to one that is refused again. */
  async #deliver(id: string): Promise<void> {
    const { attempt, onLeft, signal } = this.#options
    for (;;) {
      const steps = this.#waiting.get(id)
      if (steps === undefined || signal.aborted) return
      if ((await attempt(steps[0]!.notification)) === 'refused') {
        const still = this.#waiting.get(id)!
        this.#waiting.delete(id)
        this.#waiting.set(id, still)
        return
      }
      const rest = this.#waiting.get(id)!.slice(1)
      if (rest.length === 0) this.#waiting.delete(id)
      else this.#waiting.set(id, rest)
      this.#count--
      this.#tell()
      onLeft()
    }
  }

  #tell(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  /** Resolves at the next change or abort. */
  async #change(): Promise<void> {
    const { signal } = this.#options
    if (signal.aborted) return
    const aborted = Promise.withResolvers<void>()
    const stop = () => aborted.resolve()
    signal.addEventListener('abort', stop, { once: true })
    await Promise.race([this.#changed.promise, aborted.promise])
    signal.removeEventListener('abort', stop)
  }
}
