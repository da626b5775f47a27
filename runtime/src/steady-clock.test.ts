import { beforeEach, expect, test } from 'vitest'
import { type Clock, systemClock } from './clock.ts'
import { silentLog } from './log.ts'
import { steadyClock } from './steady-clock.ts'

const hour = 3_600_000
const noon = Date.UTC(2026, 10, 23, 12)
let offsetMs: number
let elapsedMs: number
const wall: Clock = {
  ...systemClock,
  now: () => noon + elapsedMs + offsetMs,
  monotonicMs: () => elapsedMs,
}

beforeEach(() => {
  offsetMs = 0
  elapsedMs = 0
})

test('J3 a wall clock set back an hour is not followed, and believed at half speed after two hours', () => {
  const clock = steadyClock(wall, { floorMs: 0, log: silentLog })
  expect(clock.now()).toBe(noon)
  elapsedMs = 1_000
  expect(clock.now()).toBe(noon + 1_000)
  offsetMs = -hour
  expect(clock.now()).toBe(noon + 1_000)
  expect(clock.aheadMs).toBe(hour)
  elapsedMs += 10_000
  expect(clock.now()).toBe(noon + elapsedMs)
  pass(2 * hour)
  expect(clock.aheadMs / hour).toBeCloseTo(1, 1)
  pass(hour)
  expect(clock.aheadMs / hour).toBeCloseTo(0.5, 1)
  pass(hour + 60_000)
  expect(clock.now()).toBe(wall.now())

  /** The clock is asked many times a minute; once is enough here. */
  function pass(ms: number): void {
    for (let left = ms; left > 0; left -= 60_000) {
      elapsedMs += 60_000
      clock.now()
    }
  }
})

test('J3 a wall clock that is set right again is followed at once', () => {
  const clock = steadyClock(wall, { floorMs: 0, log: silentLog })
  clock.now()
  offsetMs = -hour
  elapsedMs = 60_000
  clock.now()
  offsetMs = 0
  elapsedMs = 61_000
  expect(clock.now()).toBe(noon + 61_000)
  expect(clock.aheadMs).toBe(0)
})

test('J3 what NTP takes back makes the clock stand still for a moment', () => {
  const clock = steadyClock(wall, { floorMs: 0, log: silentLog })
  clock.now()
  offsetMs = -400
  elapsedMs = 100
  expect(clock.now()).toBe(noon)
  elapsedMs = 500
  expect(clock.now()).toBe(noon + 100)
})

test('J3 a wall clock set ahead is followed, and not back again when it is set right', () => {
  const clock = steadyClock(wall, { floorMs: 0, log: silentLog })
  offsetMs = hour
  expect(clock.now()).toBe(noon + hour)
  offsetMs = 0
  elapsedMs = 2_000
  expect(clock.now()).toBe(noon + hour + 2_000)
})

test('J3 the times that an earlier process told are a floor', () => {
  const clock = steadyClock(wall, { floorMs: noon + hour, log: silentLog })
  expect(clock.now()).toBe(noon + hour)
})

test('J3 a wall clock that was years ahead is followed back at once', () => {
  const clock = steadyClock(wall, { floorMs: 0, log: silentLog })
  offsetMs = 10 * 365 * 24 * hour
  expect(clock.now()).toBe(wall.now())
  offsetMs = 0
  expect(clock.now()).toBe(noon)
  expect(steadyClock(wall, { floorMs: noon + 4 * hour, log: silentLog }).now()).toBe(noon)
})
