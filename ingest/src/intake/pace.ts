import type { Clock } from '@farwatch/runtime'

/**
 * Keeps work that comes in one after another from holding the event loop: what would go on longer than `mostMs` in one turn
 * of it goes on in the next.
 */
export class Pace {
  readonly #clock: Clock
  readonly #mostMs: number
  #beganMs: number | undefined

  constructor(clock: Clock, mostMs: number) {
    this.#clock = clock
    this.#mostMs = mostMs
  }

  /** Calls `next`, now or in a later turn; those that wait are called in order. */
  go(next: () => void): void {
    const nowMs = this.#clock.monotonicMs()
    if (this.#beganMs === undefined) {
      this.#beganMs = nowMs
      setImmediate(() => {
        this.#beganMs = undefined
      })
    }
    if (nowMs - this.#beganMs < this.#mostMs) next()
    else setImmediate(() => this.go(next))
  }
}
