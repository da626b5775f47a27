import type { PointKey } from '@farwatch/model'
import { createNoise } from './noise.ts'
import type { Process } from './process.ts'

/** Power of the collector's fan, kW (rated 15): it works a little harder when the grinder does. */
export function collectorPower(seed: number, channel: string, grinder: PointKey): Process {
  const noise = createNoise(seed, channel)
  return (timeMs, read) =>
    14 +
    0.05 * (read(grinder) - 39) +
    0.5 * noise.smooth(timeMs, 10 * 60_000) +
    0.15 * noise.white(timeMs, 1_000)
}

/** Pressure drop over the filter bags, Pa: follows the air the fan moves and the cake on the bags. */
export function filterPressure(seed: number, channel: string, collector: PointKey): Process {
  const noise = createNoise(seed, channel)
  return (timeMs, read) => {
    const air = Math.max(0, read(collector)) / 14
    const cake = 1 + 0.12 * noise.smooth(timeMs, 3 * 3_600_000)
    return 1_090 * air * cake + air * 12 * noise.white(timeMs, 1_000)
  }
}
