import { workload } from './local-time.ts'
import { createNoise } from './noise.ts'
import type { Process } from './process.ts'

/** Traces of ammonia in a machine room's air, ppm. */
export function ammonia(seed: number, channel: string): Process {
  const noise = createNoise(seed, channel)
  return (timeMs) =>
    1.6 +
    0.9 * noise.smooth(timeMs, 30 * 60_000) +
    0.3 * noise.smooth(timeMs, 3 * 60_000) +
    0.1 * noise.white(timeMs, 1_000)
}

/** Air of a cold room, °C: the compressor's saw tooth, doors opened in working hours. */
export function coldRoomTemperature(seed: number, channel: string): Process {
  const noise = createNoise(seed, channel)
  const cycleMs = (22 + 5 * noise.pick(0)) * 60_000
  return (timeMs) => {
    const part = (timeMs / cycleMs + noise.pick(1)) % 1
    const tooth = part < 0.65 ? part / 0.65 : (1 - part) / 0.35
    return (
      -20.2 +
      0.9 * (tooth - 0.5) +
      0.4 * workload(timeMs) +
      0.7 * noise.smooth(timeMs, 2 * 3_600_000) +
      0.05 * noise.white(timeMs, 1_000)
    )
  }
}
