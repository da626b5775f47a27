import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'

/** The only source of time and timers, so that tests and simulated cities can have their own. */
export interface Clock {
  /** Unix milliseconds, whole. */
  now(): number
  /** Milliseconds since some fixed moment; never goes back. */
  monotonicMs(): number
  /** Resolves after `ms`; rejects with the signal's reason on abort. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls `work` once after `ms`, unless the returned function is called first. */
  after(ms: number, work: () => void): () => void
  /** Calls `work` every `ms` until the returned function is called. */
  every(ms: number, work: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }),
  after(ms, work) {
    const timer = setTimeout(work, ms)
    return () => clearTimeout(timer)
  },
  every(ms, work) {
    const timer = setInterval(work, ms)
    return () => clearInterval(timer)
  },
}
