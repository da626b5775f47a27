import type { PointKey } from '@farwatch/model'
import { createNoise } from './noise.ts'
import type { Process } from './process.ts'

const slotMs = 30 * 60_000
const bagChangeMs = 30_000

/** The rotary airlock under the hopper: 1 turning; it stands half a minute each half hour, for a change of bags. */
export function airlock(seed: number, channel: string, grinder: PointKey): Process {
  const noise = createNoise(seed, channel)
  return (timeMs, read) => {
    if (read(grinder) < 5) return 0
    const slot = Math.floor(timeMs / slotMs)
    const begin = slot * slotMs + noise.pick(slot) * (slotMs - bagChangeMs)
    return timeMs >= begin && timeMs < begin + bagChangeMs ? 0 : 1
  }
}
