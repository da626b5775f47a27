import { pointsOf, Registry } from '@farwatch/model'
import { loadYaml } from '@farwatch/runtime'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cityFolder } from '../config.ts'
import { cityProcesses, helmetDetector } from './city-processes.ts'
import { Plant } from './plant.ts'

const dayMs = 86_400_000
const registry = await loadYaml(`${cityFolder}/registry.yaml`, Registry)
// What a logger reports of its own making, such as an hour's mean, is no process.
const points = [...pointsOf(registry)].filter(({ key }) => cityProcesses(1).has(key))

const seedAndDay = [fc.integer(), fc.integer({ min: 18_000, max: 40_000 })] as const

test('every point stays in its normal range through a day, whatever the seed', () => {
  fc.assert(
    fc.property(...seedAndDay, (seed, day) => {
      const plant = new Plant(cityProcesses(seed))
      for (const { key, point } of points) {
        const [low, high] = point.normal ?? [0, 1]
        for (let timeMs = day * dayMs; timeMs < (day + 1) * dayMs; timeMs += 97_003) {
          const value = plant.value(key, timeMs)
          if (!(value >= low && value <= high)) throw new Error(`${key} is ${value} at ${timeMs}`)
        }
      }
    }),
    { numRuns: 25 },
  )
})

test('every number moves, none jumps: within a second it goes less than a fifth of its normal range', () => {
  fc.assert(
    fc.property(...seedAndDay, (seed, day) => {
      const plant = new Plant(cityProcesses(seed))
      for (const { key, point } of points) {
        if (point.type === 'state' || point.metric === 'windDirection') continue
        const span = point.normal![1] - point.normal![0]
        const values = Array.from({ length: 600 }, (_, i) => plant.value(key, day * dayMs + i * 1_000))
        const steps = values.slice(1).map((value, i) => Math.abs(value - values[i]!))
        if (Math.max(...steps) > span / 5) throw new Error(`${key} jumps by ${Math.max(...steps)}`)
        if (new Set(values).size < 300) throw new Error(`${key} stands still`)
      }
    }),
    { numRuns: 10 },
  )
})

test('the same seed gives the same city, another seed another one', () => {
  const at = (seed: number) => {
    const plant = new Plant(cityProcesses(seed))
    return points.map(({ key }) => plant.value(key, 1_795_420_000_000))
  }
  expect(at(7)).toEqual(at(7))
  expect(at(7)).not.toEqual(at(8))
})

test('the filter follows its fan: a collector that stands has no pressure drop', () => {
  const standing = new Plant(cityProcesses(1), (key, _, natural) =>
    key === 'E03/line/collector' ? 0.2 : natural,
  )
  expect(standing.value('E03/line/dp', 1_795_420_000_000)).toBeLessThan(40)
})

test('somebody without a helmet comes by several times a day, for under a minute, surely seen', () => {
  const plant = new Plant(cityProcesses(3))
  let visits = 0
  let longestS = 0
  let best = 0
  for (let s = 0, since = 0; s < 86_400; s++) {
    const score = plant.value(helmetDetector, 20_000 * dayMs + s * 1_000)
    since = score > 0 ? since + 1 : 0
    if (since === 1) visits++
    longestS = Math.max(longestS, since)
    best = Math.max(best, score)
    expect(score === 0 || (score >= 0.5 && score <= 0.95)).toBe(true)
  }
  expect(visits).toBeGreaterThan(20)
  expect(visits).toBeLessThan(144)
  expect(longestS).toBeLessThan(60)
  expect(best).toBeGreaterThan(0.8)
})
