import type { Clock } from './clock.ts'
import type { Logger } from './log.ts'

/** A wall clock that was set back wrongly is set right within this time; until then its old time is held to. */
const heldMs = 2 * 3_600_000
/** Later it is believed more and more: so much slower than time itself the clock then goes, until it is caught up with. */
const waitingSpeed = 0.5
/** A wall clock that is set back by more was wrong before, by a time zone or by years: it is followed at once. */
const mostAheadMs = 3 * 3_600_000
/** What NTP corrects every day: there `now` stands still until the wall clock is there again. */
const slackMs = 1_000

export interface SteadyClock extends Clock {
  /** How far `now` is ahead of the wall clock, which was set back; 0 as a rule. */
  readonly aheadMs: number
}

/**
 * A clock whose `now` does not go back when the wall clock is set back by up to three hours: it goes on as if that had not
 * happened for two hours, and from then on at half speed until the wall clock has caught up. Times of receipt need it: seen from a clock that was set back, every true stamp lies in the future,
 * so that readings would leave the time axis and rules would take them for late. `floorMs`: the last time that an earlier
 * process told.
 */
export function steadyClock(clock: Clock, { floorMs, log }: { floorMs: number; log: Logger }): SteadyClock {
  let lastMs = floorMs
  let lastMonotonicMs = clock.monotonicMs()
  /** Monotonic time since when the wall clock is behind. */
  let behindSinceMs: number | undefined

  function now(): number {
    const wallMs = clock.now()
    const monotonicMs = clock.monotonicMs()
    const speed = monotonicMs - (behindSinceMs ?? monotonicMs) < heldMs ? 1 : waitingSpeed
    const goneOnMs = lastMs + (monotonicMs - lastMonotonicMs) * speed
    const aheadMs = goneOnMs - wallMs
    const isBehind = aheadMs > slackMs && aheadMs <= mostAheadMs
    lastMs = isBehind ? goneOnMs : aheadMs > mostAheadMs ? wallMs : Math.max(wallMs, lastMs)
    lastMonotonicMs = monotonicMs
    if (isBehind && behindSinceMs === undefined) {
      log.warn({ aheadMs }, 'the wall clock was set back; times of receipt go on without it')
    } else if (!isBehind && behindSinceMs !== undefined) {
      log.info('the wall clock has caught up with the times of receipt')
    }
    behindSinceMs = isBehind ? (behindSinceMs ?? monotonicMs) : undefined
    return Math.floor(lastMs)
  }

  return {
    ...clock,
    now,
    get aheadMs() {
      return Math.max(0, now() - clock.now())
    },
  }
}
