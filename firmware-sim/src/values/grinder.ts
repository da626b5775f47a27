import { createNoise } from './noise.ts'
import type { Process } from './process.ts'

/** Electric power of a grinder under changing load, kW. */
export function grinder(seed: number, channel: string): Process {
  const noise = createNoise(seed, channel)
  return (timeMs) =>
    39 +
    5.5 * noise.smooth(timeMs, 25 * 60_000) +
    1.5 * noise.smooth(timeMs, 60_000) +
    0.5 * noise.white(timeMs, 1_000)
}
