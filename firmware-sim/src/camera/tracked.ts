import { createNoise } from '../values/noise.ts'
import type { Box } from './scene/people.ts'

/** One person the detector follows, from its first sight to its last. */
export interface Tracked {
  readonly id: string
  readonly startMs: number
  readonly topScore: number
  /** The best picture so far: its time, box and score. */
  readonly best: { readonly timeMs: number; readonly box: Box; readonly score: number }
  /** The frame last looked at. */
  readonly timeMs: number
  readonly score: number
  readonly box: Box
  readonly endMs: number | null
}

export interface Camera {
  /** Frigate's name of it. */
  readonly name: string
  readonly label: string
  readonly zone: string
}

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** Frigate's ids: the first frame's time in seconds, and six letters that tell two of the same moment apart. */
export function trackedId(startMs: number): string {
  const noise = createNoise(startMs % 2_147_483_647, 'frigate')
  const tail = Array.from({ length: 6 }, (_, i) => letters[Math.floor(noise.pick(i) * letters.length)]).join(
    '',
  )
  return `${seconds(startMs).toFixed(6)}-${tail}`
}

/** The JSON of one message on `frigate/events`, with the fields of Frigate's documentation (MQTT integration). */
export function eventMessage(
  type: 'new' | 'update' | 'end',
  { before, after, camera }: { before: Tracked; after: Tracked; camera: Camera },
): string {
  return JSON.stringify({ type, before: describe(before, camera), after: describe(after, camera) })
}

function describe(tracked: Tracked, { name, label, zone }: Camera) {
  const { id, startMs, endMs, timeMs, score, topScore, box, best } = tracked
  return {
    id,
    camera: name,
    frame_time: seconds(timeMs),
    snapshot: {
      frame_time: seconds(best.timeMs),
      box: corners(best.box),
      area: best.box.w * best.box.h,
      region: region(best.box),
      score: best.score,
      attributes: [],
    },
    label,
    sub_label: null,
    top_score: topScore,
    false_positive: false,
    start_time: seconds(startMs),
    end_time: endMs === null ? null : seconds(endMs),
    score,
    box: corners(box),
    area: box.w * box.h,
    ratio: Math.round((box.w / box.h) * 100) / 100,
    region: region(box),
    active: endMs === null,
    stationary: false,
    motionless_count: 0,
    position_changes: 1,
    current_zones: endMs === null ? [zone] : [],
    entered_zones: [zone],
    thumbnail: null,
    has_snapshot: true,
    has_clip: false,
    attributes: {},
    current_attributes: [],
    current_estimated_speed: 0,
    average_estimated_speed: 0,
    velocity_angle: 0,
    recognized_license_plate: null,
    recognized_license_plate_score: null,
  }
}

function seconds(ms: number): number {
  return ms / 1_000
}

function corners({ x, y, w, h }: Box): [number, number, number, number] {
  return [x, y, x + w, y + h]
}

/** The square around the box that the detector looked at. */
function region({ x, y, w, h }: Box): [number, number, number, number] {
  const side = Math.max(320, Math.ceil((Math.max(w, h) * 1.5) / 4) * 4)
  const left = Math.max(0, Math.round(x + w / 2 - side / 2))
  const top = Math.max(0, Math.round(y + h / 2 - side / 2))
  return [left, top, left + side, top + side]
}
