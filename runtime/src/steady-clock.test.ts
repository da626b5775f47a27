import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import { type Clock, systemClock } from './clock.ts'
import { silentLog } from './log.ts'
import { type SteadyClock, steadyClock } from './steady-clock.ts'

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

/** The clock is asked many times a minute; once is enough here. */
function pass(clock: SteadyClock, ms: number): void {
  for (let left = ms; left > 0; left -= 60_000) {
    elapsedMs += 60_000
    clock.now()
  }
}

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
  pass(clock, 2 * hour)
  expect(clock.aheadMs / hour).toBeCloseTo(1, 1)
  pass(clock, hour)
  expect(clock.aheadMs / hour).toBeCloseTo(0.5, 1)
  pass(clock, hour + 60_000)
  expect(clock.now()).toBe(wall.now())
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

test('J3 a leap ahead is followed; once it is undone, the clock waits for it at half speed and at once', () => {
  const clock = steadyClock(wall, { floorMs: 0, log: silentLog })
  clock.now()
  offsetMs = hour
  expect(clock.now()).toBe(noon + hour)
  pass(clock, 3 * hour)
  offsetMs = 0
  const undoneMs = clock.now()
  expect(undoneMs).toBe(noon + elapsedMs + hour)
  pass(clock, hour)
  expect(clock.now()).toBe(undoneMs + hour / 2)
  expect(clock.aheadMs).toBe(hour / 2)
  pass(clock, hour)
  expect(clock.aheadMs).toBe(0)
})

test('J3 a setting back by more than was leapt, or a day later, is held to for two hours', () => {
  const clock = steadyClock(wall, { floorMs: 0, log: silentLog })
  clock.now()
  offsetMs = hour / 2
  clock.now()
  offsetMs = -hour / 2
  pass(clock, hour)
  expect(clock.aheadMs).toBe(hour)
  offsetMs = hour
  pass(clock, 25 * hour)
  offsetMs = 0
  pass(clock, hour)
  expect(clock.aheadMs).toBe(hour)
})

test('J3 whatever is done to the wall clock within hours, the clock never goes back, is never behind, and comes back to it', () => {
  const minute = fc.integer({ min: 1, max: 600 })
  const offset = fc.integer({ min: -1.5 * hour, max: 1.5 * hour })
  fc.assert(
    fc.property(fc.array(fc.tuple(minute, offset), { maxLength: 20 }), (settings) => {
      elapsedMs = 0
      offsetMs = 0
      const clock = steadyClock(wall, { floorMs: 0, log: silentLog })
      let lastMs = clock.now()
      const look = (passedMs: number) => {
        elapsedMs += passedMs
        const nowMs = clock.now()
        if (nowMs < lastMs) throw new Error(`went back from ${lastMs} to ${nowMs}`)
        if (nowMs < wall.now()) throw new Error(`${nowMs} is behind the wall clock at ${wall.now()}`)
        lastMs = nowMs
      }
      for (const [minutes, ms] of settings) {
        for (let n = 0; n < minutes; n++) look(60_000)
        offsetMs = ms
        look(0)
      }
      // Two hours held to, then at most three hours ahead at half speed.
      for (let n = 0; n <= 8 * 60; n++) look(60_000)
      expect(lastMs).toBe(wall.now())
    }),
    { numRuns: 200 },
  )
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
