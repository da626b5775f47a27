/** Reproducible noise: a function of seed, channel and time alone, so that any moment can be computed at any speed. */
export interface Noise {
  /** Smooth wandering within [-1, 1] around 0; neighbouring values are a `periodMs` apart. */
  smooth(timeMs: number, periodMs: number): number
  /** Measurement noise within [-1, 1]: a new value every `everyMs`, unrelated to the one before. */
  white(timeMs: number, everyMs: number): number
  /** Uniform in [0, 1) for the whole number `index`. */
  pick(index: number): number
}

export function createNoise(seed: number, channel: string): Noise {
  const base = hashText(channel, seed)
  const pick = (index: number) => mix(base, index) / 0x1_0000_0000
  return {
    pick,
    white: (timeMs, everyMs) => pick(Math.floor(timeMs / everyMs)) * 2 - 1,
    smooth(timeMs, periodMs) {
      const place = timeMs / periodMs
      const index = Math.floor(place)
      const part = place - index
      const from = mix(base ^ 0x5bd1, index) / 0x8000_0000 - 1
      const to = mix(base ^ 0x5bd1, index + 1) / 0x8000_0000 - 1
      return from + (to - from) * part * part * (3 - 2 * part)
    },
  }
}

/** FNV-1a over the UTF-16 units, started from the seed. */
function hashText(text: string, seed: number): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0
  return hash
}

/** 32 well-mixed bits (the finaliser of MurmurHash3) of a key and a whole number of up to 53 bits. */
function mix(key: number, index: number): number {
  let hash =
    key ^ Math.imul(index | 0, 0x9e3779b1) ^ Math.imul(Math.floor(index / 0x1_0000_0000) | 0, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
