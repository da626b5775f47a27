import { warmth } from './local-time.ts'
import { createNoise } from './noise.ts'
import type { Process } from './process.ts'

/** What is left of a load in treated water, mg/L, within `middle` ± `spread`. */
export function residue(middle: number, spread: number): (seed: number, channel: string) => Process {
  return (seed, channel) => {
    const noise = createNoise(seed, channel)
    return (timeMs) =>
      middle + spread * (0.9 * noise.smooth(timeMs, 4 * 3_600_000) + 0.1 * noise.white(timeMs, 1_000))
  }
}

export function acidity(seed: number, channel: string): Process {
  const noise = createNoise(seed, channel)
  return (timeMs) => 7.3 + 0.4 * noise.smooth(timeMs, 2 * 3_600_000) + 0.02 * noise.white(timeMs, 10_000)
}

/** Flow at the outlet, L/s: a city sends more by day than by night. */
export function outletFlow(seed: number, channel: string): Process {
  const noise = createNoise(seed, channel)
  return (timeMs) =>
    310 + 60 * warmth(timeMs) + 25 * noise.smooth(timeMs, 30 * 60_000) + 3 * noise.white(timeMs, 10_000)
}
