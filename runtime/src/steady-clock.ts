import type { Clock } from './clock.ts'
import type { Logger } from './log.ts'

/** So much slower than time itself goes a clock that waits for the wall clock to catch up. */
const waitingSpeed = 0.5
/** A wall clock that is set back by more was wrong before, by a time zone or by years: it is followed at once. */
const mostAheadMs = 3 * 3_600_000
/** What NTP corrects every day is not worth a line. */
const tellFromMs = 1_000

export interface SteadyClock extends Clock {
  /** How far `now` is ahead of the wall clock, which was set back; 0 as a rule. */
  readonly aheadMs: number
}

/**
 * A clock whose `now` does not go back when the wall clock is set back by up to three hours: it runs at half speed until
 * that has caught up. Times of receipt need it: seen from a clock that was set back, every true stamp lies in the future,
 * so that readings would leave the time axis and rules would take them for late. `floorMs`: the last time that an earlier
 * process told.
 */
export function steadyClock(clock: Clock, { floorMs, log }: { floorMs: number; log: Logger }): SteadyClock {
  let lastMs = floorMs
  let lastMonotonicMs = clock.monotonicMs()
  let told = false

  function now(): number {
    const wallMs = clock.now()
    const monotonicMs = clock.monotonicMs()
    const waitingMs = lastMs + (monotonicMs - lastMonotonicMs) * waitingSpeed
    lastMs = waitingMs - wallMs > mostAheadMs ? wallMs : Math.max(wallMs, waitingMs)
    lastMonotonicMs = monotonicMs
    tell(lastMs - wallMs)
    return Math.floor(lastMs)
  }

  function tell(aheadMs: number): void {
    if (aheadMs > tellFromMs && !told) {
      log.warn({ aheadMs }, 'the wall clock was set back; times of receipt wait for it to catch up')
      told = true
    } else if (aheadMs <= 0 && told) {
      log.info('the wall clock has caught up with the times of receipt')
      told = false
    }
  }

  return {
    ...clock,
    now,
    get aheadMs() {
      return Math.max(0, now() - clock.now())
    },
  }
}
