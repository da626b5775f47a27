import type { Clock } from '@farwatch/runtime'

export interface RateBounds {
  /** So many at once. */
  readonly burst: number
  /** And so many a second from then on. */
  readonly perSecond: number
  /** Callers that are remembered; whoever was heard of least recently is forgotten first. */
  readonly callers: number
}

/** A page with its files, a control room behind one address, an eager script: all fit; a flood does not. */
export const requestBounds: RateBounds = { burst: 2_000, perSecond: 200, callers: 20_000 }

/** A token bucket for each caller. */
export class RateLimit {
  readonly #bounds: RateBounds
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>()

  constructor(bounds: RateBounds, clock: Pick<Clock, 'monotonicMs'>) {
    this.#bounds = bounds
    this.#clock = clock
  }

  /** Milliseconds until the caller may ask again; 0: now, and it is counted. */
  take(caller: string): number {
    const { burst, perSecond, callers } = this.#bounds
    const nowMs = this.#clock.monotonicMs()
    const before = this.#buckets.get(caller) ?? { tokens: burst, atMs: nowMs }
    const tokens = Math.min(burst, before.tokens + ((nowMs - before.atMs) / 1_000) * perSecond)
    const isFree = tokens >= 1
    // Behind all others: the map is in the order of the last request.
    this.#buckets.delete(caller)
    this.#buckets.set(caller, { tokens: isFree ? tokens - 1 : tokens, atMs: nowMs })
    if (this.#buckets.size > callers) this.#buckets.delete(this.#buckets.keys().next().value!)
    return isFree ? 0 : Math.ceil(((1 - tokens) / perSecond) * 1_000)
  }

  /** Callers that are remembered now. */
  get size(): number {
    return this.#buckets.size
  }
}
