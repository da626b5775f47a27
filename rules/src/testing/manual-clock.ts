import type { Clock } from '@farwatch/runtime'

interface Due {
  readonly atMs: number
  readonly order: number
  readonly work: () => void
}

/** A clock for tests that goes on only when told to. */
export class ManualClock implements Clock {
  #nowMs: number
  #order = 0
  #due: Due[] = []

  constructor(nowMs: number) {
    this.#nowMs = nowMs
  }

  now(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  /** How many timers wait. */
  get waiting(): number {
    return this.#due.length
  }

  /** Goes on to a moment, running what is due on the way, in order. */
  advanceTo(nowMs: number): void {
    for (;;) {
      const next = this.#due.sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0]
      if (next === undefined || next.atMs > nowMs) break
      this.#due.shift()
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.work()
    }
    this.#nowMs = nowMs
  }

  after(ms: number, work: () => void): () => void {
    const due = { atMs: this.#nowMs + ms, order: this.#order++, work }
    this.#due.push(due)
    return () => {
      this.#due = this.#due.filter((other) => other !== due)
    }
  }

  every(ms: number, work: () => void): () => void {
    let cancel: () => void
    const again = () => {
      cancel = this.after(ms, again)
      work()
    }
    cancel = this.after(ms, again)
    return () => cancel()
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      const stop = () => {
        cancel()
        reject(signal?.reason)
      }
      const cancel = this.after(ms, () => {
        signal?.removeEventListener('abort', stop)
        resolve()
      })
      signal?.addEventListener('abort', stop, { once: true })
    })
  }
}
