import type { PointKey } from '@farwatch/model'
import { warmth, workload } from './local-time.ts'
import { createNoise } from './noise.ts'
import type { Process } from './process.ts'

const shareBounds = { least: 1.45, spread: 0.25 }

/** PM10 at the fence, µg/m³: the city's background, the work's dust, thinned by wind. */
export function pm10(seed: number, channel: string, wind: PointKey): Process {
  const noise = createNoise(seed, channel)
  return (timeMs, read) => {
    const background = 46 + 14 * noise.smooth(timeMs, 4 * 3_600_000)
    const work = workload(timeMs) * (30 + 14 * noise.smooth(timeMs, 12 * 60_000))
    const thinned = 1 - 0.03 * Math.min(6, Math.max(0, read(wind)))
    return (background + work) * thinned + 2.5 * noise.smooth(timeMs, 20_000)
  }
}

/** Total suspended particulates, µg/m³: PM10 and what is coarser. */
export function tsp(seed: number, channel: string, fine: PointKey): Process {
  const noise = createNoise(seed, channel)
  return (timeMs, read) =>
    read(fine) * (shareBounds.least + shareBounds.spread * (1 + noise.smooth(timeMs, 15 * 60_000)))
}

/** A-weighted level at the fence, dB(A). */
export function noiseLevel(seed: number, channel: string): Process {
  const noise = createNoise(seed, channel)
  return (timeMs) =>
    45 +
    14 * workload(timeMs) +
    3 * noise.smooth(timeMs, 10 * 60_000) +
    3 * noise.smooth(timeMs, 15_000) +
    0.8 * noise.white(timeMs, 1_000)
}

/** Wind speed, m/s: stronger in the afternoon, with gusts. */
export function windSpeed(seed: number, channel: string): Process {
  const noise = createNoise(seed, channel)
  return (timeMs) =>
    Math.max(
      0,
      2.6 +
        0.8 * warmth(timeMs) +
        1.2 * noise.smooth(timeMs, 2 * 3_600_000) +
        0.6 * noise.smooth(timeMs, 10_000),
    )
}

/** Where the wind comes from, degrees clockwise from north, 0 ≤ d < 360: mostly the east and south-east. */
export function windDirection(seed: number, channel: string): Process {
  const noise = createNoise(seed, channel)
  return (timeMs) =>
    (((115 + 75 * noise.smooth(timeMs, 3 * 3_600_000) + 18 * noise.smooth(timeMs, 20_000)) % 360) + 360) % 360
}
