/** Unanswered requests in a row that make a unit silent. */
const silencesToOpen = 3
const firstPauseMs = 5_000
const maxPauseMs = 60_000

/** Circuit breaker of one unit: a silent one is left alone, but for a single request after growing pauses. */
export class Unit {
  #silences = 0
  #pauseMs = firstPauseMs
  #probeAtMs = 0
  #hasSpoken = false

  get isSilent(): boolean {
    return this.#silences >= silencesToOpen
  }

  /** Whether a request may be spent on it now. */
  mayAsk(monotonicMs: number): boolean {
    return !this.isSilent || monotonicMs >= this.#probeAtMs
  }

  get hasSpoken(): boolean {
    return this.#hasSpoken
  }

  answered(): void {
    this.#hasSpoken = true
    this.#silences = 0
    this.#pauseMs = firstPauseMs
  }

  /** True when this unanswered request makes the unit silent. */
  unanswered(monotonicMs: number): boolean {
    this.#silences++
    if (!this.isSilent) return false
    this.#probeAtMs = monotonicMs + this.#pauseMs
    this.#pauseMs = Math.min(this.#pauseMs * 2, maxPauseMs)
    return this.#silences === silencesToOpen
  }
}
