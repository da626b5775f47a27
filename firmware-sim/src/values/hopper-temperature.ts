import type { PointKey } from '@farwatch/model'
import { warmth } from './local-time.ts'
import { createNoise } from './noise.ts'
import { clamp, type Process } from './process.ts'

/** Temperature of the dust in the hopper, °C: the hall's, and what the grinder's load adds. */
export function hopperTemperature(seed: number, channel: string, grinder: PointKey): Process {
  const noise = createNoise(seed, channel)
  return (timeMs, read) =>
    34.5 +
    3 * warmth(timeMs) +
    0.25 * clamp(read(grinder) - 39, -8, 8) +
    3 * noise.smooth(timeMs, 45 * 60_000) +
    0.1 * noise.white(timeMs, 1_000)
}
