import type { Clock } from '@farwatch/runtime'
import { systemClock } from '@farwatch/runtime'
import { expect, test } from 'vitest'
import { cityProcesses } from '../values/city-processes.ts'
import { Plant } from '../values/plant.ts'
import { scripts } from './index.ts'
import { Stage } from './stage.ts'

const beginMs = 1_795_420_000_000

function begin(script: string, speed = 1) {
  let nowMs = beginMs
  const clock: Clock = { ...systemClock, now: () => nowMs }
  const stage = new Stage(clock)
  const plant = new Plant(cityProcesses(1), stage.overlay)
  const untouched = new Plant(cityProcesses(1))
  stage.play(script, { speed })
  const at = (key: string, afterS: number) => plant.value(key, beginMs + afterS * 1_000)
  return {
    stage,
    at,
    natural: (key: string, afterS: number) => untouched.value(key, beginMs + afterS * 1_000),
    setAfterS: (afterS: number) => {
      nowMs = beginMs + afterS * 1_000
    },
  }
}

test('S1: LEL01 2 → 28 and LEL02 → 15 in 90 s with the fan off, held, then aired below the clear limit', () => {
  const { at, natural, stage, setAfterS } = begin('S1')
  expect(at('E01/cellar/LEL01', 0)).toBe(2)
  for (let s = 1; s <= 90; s++)
    expect(at('E01/cellar/LEL01', s)).toBeGreaterThan(at('E01/cellar/LEL01', s - 1))
  expect(at('E01/cellar/LEL01', 90)).toBe(28)
  expect(at('E01/cellar/LEL02', 90)).toBe(15)
  for (let s = 90; s <= 240; s++) {
    expect(at('E01/cellar/LEL01', s)).toBeGreaterThan(27)
    expect(at('E01/cellar/LEL02', s)).toBeGreaterThan(14)
  }
  for (const s of [0, 60, 239]) expect(at('E01/cellar/fan1', s)).toBe(0)
  expect(at('E01/cellar/fan1', 240)).toBe(1)
  expect(at('E01/cellar/LEL01', 262)).toBeLessThan(22.5)
  expect(at('E01/cellar/LEL01', 331)).toBe(natural('E01/cellar/LEL01', 331))
  expect(at('E01/cellar/LEL03', 100)).toBeLessThan(3)
  expect(stage.playing()).toEqual(['S1'])
  setAfterS(331)
  expect(stage.playing()).toEqual([])
})

test('a script ten times as fast says the same in a tenth of the time', () => {
  expect(begin('S1', 10).at('E01/cellar/LEL01', 9)).toBe(28)
})

test('script S2 runs the grinder without its collector, S2b neither of them', () => {
  const s2 = begin('S2')
  expect(s2.at('E03/line/collector', 300)).toBe(0.2)
  expect(s2.at('E03/line/grinder', 300)).toBe(45)
  expect(s2.at('E03/line/dp', 300)).toBeLessThan(40)
  const s2b = begin('S2b')
  expect(s2b.at('E03/line/collector', 300)).toBe(0)
  expect(s2b.at('E03/line/grinder', 300)).toBe(0)
  expect(s2b.at('E03/line/airlock', 300)).toBe(0)
})

test('S8: PM10 210 for nine minutes, TSP above it', () => {
  const { at } = begin('S8')
  for (let s = 60; s <= 600; s += 10) expect(at('E10/station1/pm10', s)).toBe(210)
  expect(at('E10/station1/tsp', 300)).toBeGreaterThan(210 * 1.4)
})

test('every script touches simulated points only, begins at 0 and ends by itself', () => {
  const known = cityProcesses(1)
  for (const { tracks } of scripts.values()) {
    for (const { point, keyframes } of tracks) {
      expect(known.has(point), point).toBe(true)
      expect(keyframes[0]?.atS).toBe(0)
      expect(keyframes.at(-1)?.value).toBe('natural')
      const times = keyframes.map(({ atS }) => atS)
      expect(times).toEqual([...new Set(times)].sort((a, b) => a - b))
    }
  }
})

test('halting a script gives the points back; an unknown one is refused with the names there are', () => {
  const { stage, at, natural } = begin('S1')
  stage.halt('S1')
  expect(at('E01/cellar/LEL01', 90)).toBe(natural('E01/cellar/LEL01', 90))
  expect(() => stage.play('S99')).toThrow('no script S99: there are S1, S2')
  expect(() => stage.play('S1', { speed: 0 })).toThrow('speed 0')
})
