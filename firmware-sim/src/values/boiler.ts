import type { PointKey } from '@farwatch/model'
import { workload } from './local-time.ts'
import { createNoise } from './noise.ts'
import type { Process } from './process.ts'

/** Oxygen in the flue gas, %: less of it the harder the boiler fires. */
export function flueOxygen(seed: number, channel: string): Process {
  const noise = createNoise(seed, channel)
  return (timeMs) =>
    4.7 - 0.5 * workload(timeMs) + 0.7 * noise.smooth(timeMs, 20 * 60_000) + 0.05 * noise.white(timeMs, 4_000)
}

/** Nitrogen oxides at the stack, mg/m³: they rise with the excess of air. */
export function nitrogenOxides(seed: number, channel: string, oxygen: PointKey): Process {
  const noise = createNoise(seed, channel)
  return (timeMs, read) =>
    88 + 6 * (read(oxygen) - 4.5) + 14 * noise.smooth(timeMs, 40 * 60_000) + 1.5 * noise.white(timeMs, 4_000)
}
