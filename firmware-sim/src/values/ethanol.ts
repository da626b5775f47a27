import type { PointKey } from '@farwatch/model'
import { workload } from './local-time.ts'
import { createNoise } from './noise.ts'
import type { Process } from './process.ts'

/** Ethanol vapour over the jars of a cellar, %LEL: a little more while people work there or the fan stands. */
export function ethanol(seed: number, channel: string, fan: PointKey): Process {
  const noise = createNoise(seed, channel)
  return (timeMs, read) =>
    1.0 +
    0.25 * workload(timeMs) +
    0.5 * noise.smooth(timeMs, 20 * 60_000) +
    0.2 * noise.smooth(timeMs, 90_000) +
    0.08 * noise.white(timeMs, 500) +
    (read(fan) < 0.5 ? 0.4 : 0)
}
