import { createNoise } from './noise.ts'
import type { Process } from './process.ts'

/** Level of a storage tank, %: filled and drawn over hours, with the ripple of the surface. */
export function tankLevel(seed: number, channel: string): Process {
  const noise = createNoise(seed, channel)
  return (timeMs) => 57.5 + 20 * noise.smooth(timeMs, 5 * 3_600_000) + 0.06 * noise.white(timeMs, 1_000)
}
