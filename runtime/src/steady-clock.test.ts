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

test('J3 a wall clock set back an hour is waited for, at half speed', () => {
  const clock = steadyClock(wall, { floorMs: 0, log: silentLog })
  expect(clock.now()).toBe(noon)
  elapsedMs = 1_000
  expect(clock.now()).toBe(noon + 1_000)
  offsetMs = -hour
  expect(clock.now()).toBe(noon + 1_000)
  expect(clock.aheadMs).toBe(hour)
  elapsedMs += 10_000
  expect(clock.now()).toBe(noon + 6_000)
  elapsedMs += 3 * hour
  expect(clock.now()).toBe(wall.now())
  expect(clock.aheadMs).toBe(0)
})

test('J3 a wall clock set ahead is followed, and waited for when it is set right', () => {
  const clock = steadyClock(wall, { floorMs: 0, log: silentLog })
  offsetMs = hour
  expect(clock.now()).toBe(noon + hour)
  offsetMs = 0
  elapsedMs = 1_000
  expect(clock.now()).toBe(noon + hour + 500)
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
