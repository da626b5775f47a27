import type { PointKey, Text } from '@farwatch/model'

export interface Keyframe {
  /** Seconds since the script began. */
  readonly atS: number
  /** `natural`: whatever the point would measure without the script. */
  readonly value: number | 'natural'
}

/** What a script makes of one point. Before the first keyframe the point is left alone; after the last it stays there. */
export interface Track {
  readonly point: PointKey
  readonly keyframes: readonly Keyframe[]
  /** `line` moves evenly from one keyframe to the next, `step` jumps at each. */
  readonly shape: 'line' | 'step'
}

/** An incident as data: what the devices measure from its beginning to its end. */
export interface Script {
  readonly id: string
  readonly title: Text
  readonly tracks: readonly Track[]
}

/** When the script is over, seconds; Infinity where something holds until the script is halted. */
export function lengthS(script: Script): number {
  return Math.max(
    ...script.tracks.map(({ keyframes }) => {
      const last = keyframes.at(-1)
      return last?.value === 'natural' ? last.atS : Number.POSITIVE_INFINITY
    }),
  )
}

/** The track's value `atS` seconds into the script, where the point would naturally measure `natural`. */
export function valueAt(track: Track, atS: number, natural: number): number {
  const { keyframes, shape } = track
  const next = keyframes.findIndex((frame) => frame.atS > atS)
  if (next === 0) return natural
  const number = (frame: Keyframe) => (frame.value === 'natural' ? natural : frame.value)
  const from = keyframes[next === -1 ? keyframes.length - 1 : next - 1]!
  if (next === -1 || shape === 'step') return number(from)
  const to = keyframes[next]!
  return number(from) + ((number(to) - number(from)) * (atS - from.atS)) / (to.atS - from.atS)
}
