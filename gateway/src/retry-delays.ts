export interface RetryBounds {
  readonly firstMs: number
  readonly maxMs: number
}

export const defaultRetry: RetryBounds = { firstMs: 500, maxMs: 30_000 }

/**
 * Endless waits between attempts, in ms: doubling up to `maxMs`, each drawn from its upper half so that links which
 * failed together do not come back together. `random` gives [0, 1).
 */
export function* retryDelays(
  { firstMs, maxMs }: RetryBounds,
  random: () => number,
): Generator<number, never> {
  let ceilingMs = firstMs
  for (;;) {
    yield Math.round(ceilingMs * (0.5 + random() / 2))
    ceilingMs = Math.min(ceilingMs * 2, maxMs)
  }
}
