import { fromSmallint, type PointKey } from '@farwatch/model'
import type { Queryable } from '@farwatch/runtime'
import type { LiveState } from '../live/live-state.ts'

interface PointRow {
  readonly key: PointKey
  readonly last_time: Date
  readonly last_received_at: Date
  readonly last_value: number | null
  readonly last_quality: number
}

interface GatewayRow {
  readonly gateway: string
  readonly status: unknown
  readonly received_at: Date | null
  readonly delivery: unknown
  readonly told_at: Date | null
}

/**
 * Reads into the live state what the database keeps of the newest: value of every point, status of every gateway,
 * picture and event of every registered camera. Everything newer that the state knows already stays.
 * @throws DatabaseError
 */
export async function loadKept(database: Queryable, state: LiveState): Promise<void> {
  const points = await database.query<PointRow>(
    `select key, last_time, last_received_at, last_value, last_quality
       from api_point
      where last_time is not null`,
  )
  for (const row of points) {
    state.setLast(row.key, {
      timeMs: row.last_time.getTime(),
      receivedMs: row.last_received_at.getTime(),
      value: row.last_value,
      quality: fromSmallint(row.last_quality),
    })
  }
  const gateways = await database.query<GatewayRow>(
    'select gateway, status, received_at, delivery, told_at from api_gateway',
  )
  for (const { gateway, status, received_at, delivery, told_at } of gateways) {
    if (received_at !== null) state.gateways.set(gateway, status, received_at.getTime())
    if (told_at !== null) state.gateways.setDelivery(gateway, delivery, told_at.getTime())
  }
  // One camera at a time: all pictures in one answer could be a gigabyte.
  for (const camera of state.cameraNames()) await loadCamera(database, state, camera)
}

async function loadCamera(database: Queryable, state: LiveState, camera: string): Promise<void> {
  const pictures = await database.query<{ jpeg: Uint8Array; received_at: Date }>(
    'select jpeg, received_at from api_picture where camera = $1 order by position desc limit 1',
    [camera],
  )
  for (const { jpeg, received_at } of pictures) state.setPicture(camera, jpeg, received_at.getTime())
  const events = await database.query<{ label: string; score: number | null; time: Date }>(
    'select label, score, time from api_camera_event where camera = $1 order by time desc limit 1',
    [camera],
  )
  for (const { label, score, time } of events)
    state.setEvent({ camera, label, score, timeMs: time.getTime() })
}
