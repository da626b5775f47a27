import { z } from 'zod'
import { Name } from './names.ts'
import { latestTimeMs } from './reading.ts'

/** Unix seconds with fraction, as Frigate sends them. */
const Seconds = z
  .number()
  .nonnegative()
  .max(latestTimeMs / 1000)

const Tracked = z.object({
  id: z.string().min(1).max(64),
  camera: Name,
  label: z.string().min(1).max(64),
  frame_time: Seconds,
  start_time: Seconds,
  end_time: Seconds.nullish(),
  top_score: z.number().min(0).max(1).nullish(),
  score: z.number().min(0).max(1).nullish(),
  current_zones: z.array(z.string().max(64)).max(64).default([]),
  has_snapshot: z.boolean().default(false),
})

const Message = z.object({ type: z.enum(['new', 'update', 'end']), after: Tracked })

/** A camera saw something: one message on `frigate/events` (Frigate documentation, MQTT integration). */
export interface CameraEvent {
  readonly id: string
  readonly camera: string
  readonly phase: 'new' | 'update' | 'end'
  readonly label: string
  readonly score: number | null
  readonly zones: readonly string[]
  readonly timeMs: number
  readonly startMs: number
  readonly endMs: number | null
}

export function parseFrigateEvent(text: string): { event: CameraEvent } | { problem: string } {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return { problem: `not JSON: found ${JSON.stringify(text.slice(0, 40))}` }
  }
  const parsed = Message.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    return { problem: `${issue?.path.join('.') || 'message'}: ${issue?.message ?? 'not a Frigate event'}` }
  }
  const { type, after } = parsed.data
  const ms = (seconds: number) => Math.round(seconds * 1000)
  return {
    event: {
      id: after.id,
      camera: after.camera,
      phase: type,
      label: after.label,
      score: after.top_score ?? after.score ?? null,
      zones: after.current_zones,
      timeMs: ms(after.frame_time),
      startMs: ms(after.start_time),
      endMs: after.end_time == null ? null : ms(after.end_time),
    },
  }
}
