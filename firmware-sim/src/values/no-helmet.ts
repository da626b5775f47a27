import { workload } from './local-time.ts'
import { createNoise } from './noise.ts'
import { clamp, type Process } from './process.ts'

const slotMs = 10 * 60_000

/**
 * How sure the camera's detector is that somebody before it wears no helmet: 0 for nobody, else 0.5–0.95. Somebody
 * comes by for half a minute in most ten-minute slots of the day, and in few at night.
 */
export function noHelmet(seed: number, channel: string): Process {
  const noise = createNoise(seed, channel)
  return (timeMs) => {
    const slot = Math.floor(timeMs / slotMs)
    if (noise.pick(slot) > 0.25 + 0.6 * workload(timeMs)) return 0
    const stayMs = 20_000 + 15_000 * noise.pick(-1 - 2 * slot)
    const since = timeMs - slot * slotMs - noise.pick(-2 - 2 * slot) * (slotMs - stayMs)
    if (since < 0 || since >= stayMs) return 0
    const approach = Math.sin((since / stayMs) * Math.PI)
    return clamp(0.62 + 0.28 * approach + 0.04 * noise.white(timeMs, 1_000), 0.5, 0.95)
  }
}
