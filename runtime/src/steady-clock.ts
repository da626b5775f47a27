import type { Clock } from './clock.ts'
import type { Logger } from './log.ts'

/** A wall clock that was set back wrongly is set right within this time; until then its old time is held to. */
const heldMs = 2 * 3_600_000
/** Later, or where it only undoes a leap ahead, it is believed: so much slower than time itself the clock then goes, until it is caught up with. */
const waitingSpeed = 0.5
/** A wall clock that is set back by more was wrong before, by a time zone or by years: it is followed at once. */
const mostAheadMs = 3 * 3_600_000
/** What NTP corrects every day: there `now` stands still until the wall clock is there again. */
const slackMs = 1_000
/** A leap ahead that was wrong is undone within this time. */
const leapKeptMs = 24 * 3_600_000

export interface SteadyClock extends Clock {
  /** How far `now` is ahead of the wall clock, which was set back; 0 as a rule. */
  readonly aheadMs: number
}

/**
 * A clock whose `now` does not go back when the wall clock is set back by up to three hours. Times of receipt need it: seen
 * from a clock that was set back, every true stamp lies in the future, so that readings would leave the time axis and rules
 * would take them for late. It goes on as if nothing had happened for two hours, and from then on at half speed until the
 * wall clock has caught up. A setting back that no more than undoes a leap ahead of the last day needs no two hours: the
 * leap was the mistake. `floorMs`: the last time that an earlier process told. Why:
 * docs/decisions/011-a-clock-that-was-set-right.md.
 */
export function steadyClock(clock: Clock, { floorMs, log }: { floorMs: number; log: Logger }): SteadyClock {
  let lastMs = floorMs
  let lastMonotonicMs = clock.monotonicMs()
  /** What the wall clock has leapt ahead of itself, and when. How long it stood before this process is not known. */
  let leap: { readonly ms: number; readonly untilMonotonicMs: number } | undefined
  let isFirst = true
  /** While the wall clock is behind: the monotonic time from which `now` waits for it. */
  let waitsFromMs: number | undefined

  function now(): number {
    const wallMs = clock.now()
    const monotonicMs = clock.monotonicMs()
    const speed = monotonicMs < (waitsFromMs ?? Infinity) ? 1 : waitingSpeed
    const goneOnMs = lastMs + (monotonicMs - lastMonotonicMs) * speed
    const aheadMs = goneOnMs - wallMs
    const isBehind = aheadMs > slackMs && aheadMs <= mostAheadMs
    const follows = aheadMs > mostAheadMs
    lastMs = isBehind ? goneOnMs : follows ? wallMs : Math.max(wallMs, lastMs)
    lastMonotonicMs = monotonicMs
    if (leap !== undefined && monotonicMs > leap.untilMonotonicMs) leap = undefined
    if (isBehind && waitsFromMs === undefined) {
      const isUndone = leap !== undefined && aheadMs <= leap.ms + slackMs
      waitsFromMs = isUndone ? monotonicMs : monotonicMs + heldMs
      log.warn({ aheadMs, isUndone }, 'the wall clock was set back; times of receipt go on without it')
    } else if (!isBehind && waitsFromMs !== undefined) {
      waitsFromMs = undefined
      leap = undefined
      log.info('the wall clock has caught up with the times of receipt')
    }
    if (follows) log.warn({ aheadMs }, 'the wall clock was set back by hours; times of receipt follow it')
    if (-aheadMs > slackMs && !isFirst) {
      leap = { ms: -aheadMs + (leap?.ms ?? 0), untilMonotonicMs: monotonicMs + leapKeptMs }
      log.warn({ leapMs: -aheadMs }, 'the wall clock leapt ahead; times of receipt follow it')
    }
    isFirst = false
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
