import { maxAheadMs } from '@farwatch/model'

/** Something that was measured at one time and received at another, both Unix milliseconds. */
export interface Stamped {
  readonly timeMs: number
  readonly receivedMs: number
}

/**
 * Where a reading stands among those of its point: its source time, but never more than `maxAheadMs` past its receipt, so
 * that one stamp from 2036 does not hide all that comes after it.
 */
export function rankOf({ timeMs, receivedMs }: Stamped): number {
  return Math.min(timeMs, receivedMs + maxAheadMs)
}

/**
 * Whether `next` is to be shown instead of `shown`. Late data never goes back in time; of two with the same time the one
 * received later is a correction. The order of arrival does not matter, so database and journal may be read in any order.
 */
export function supersedes(next: Stamped, shown: Stamped): boolean {
  const difference = rankOf(next) - rankOf(shown)
  return difference > 0 || (difference === 0 && next.receivedMs >= shown.receivedMs)
}

/** How old a value is at least: it is no younger than its receipt, whatever its own clock says. Milliseconds. */
export function ageOf({ timeMs, receivedMs }: Stamped, nowMs: number): number {
  return Math.max(0, nowMs - Math.min(timeMs, receivedMs))
}
