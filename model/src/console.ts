import type { Alert } from './alert.ts'
import type { Delivery } from './delivery.ts'
import type { PointKey } from './names.ts'
import type { Quality } from './quality.ts'
import type { GatewayStatus } from './receipt.ts'
import type { Point, Site, Text } from './registry.ts'

/** The last value of a point; both clocks, so that the page can say how old it is. */
export interface LastValue {
  readonly timeMs: number
  readonly receivedMs: number
  readonly value: number | null
  readonly quality: Quality
}

export interface PointView extends Point {
  readonly key: PointKey
  readonly registered: boolean
  readonly last: LastValue | null
}

export interface CameraView {
  /** `SITE/DEVICE` */
  readonly device: string
  /** When the picture was taken as far as known (its receipt), null without one. */
  readonly pictureMs: number | null
  readonly pictureUrl: string | null
  readonly event: { readonly label: string; readonly score: number | null; readonly timeMs: number } | null
}

export interface DeviceView {
  readonly id: string
  readonly name: Text
  readonly kind: 'sensor' | 'camera'
  readonly registered: boolean
  readonly points: readonly PointView[]
  readonly camera: CameraView | null
}

export interface SiteView extends Pick<Site, 'id' | 'name' | 'kind' | 'county' | 'address' | 'gateway'> {
  readonly registered: boolean
  /** WGS-84; null for a site nobody has registered yet. */
  readonly latitude: number | null
  readonly longitude: number | null
  readonly devices: readonly DeviceView[]
}

export interface GatewayView {
  readonly id: string
  readonly online: boolean
  readonly sinceMs: number
  readonly status: GatewayStatus | null
  /** Null until something of it has come in. */
  readonly delivery: Delivery | null
}

/** Event `snapshot`: the whole picture as of `seq`. Sent on connection and when the page asks with `resync`. */
export interface Snapshot {
  readonly seq: number
  readonly serverMs: number
  readonly sites: readonly SiteView[]
  readonly gateways: readonly GatewayView[]
  readonly alerts: readonly Alert[]
}

/** Event `delta`: what changed since `seq - 1`. A page that misses a number asks for a new snapshot. */
export interface Delta {
  readonly seq: number
  readonly serverMs: number
  /** Newest value a point since the last delta: `[key, timeMs, receivedMs, value, quality]`. */
  readonly values: readonly (readonly [PointKey, number, number, number | null, Quality])[]
  /** Never coalesced away: each alert here is its newest state. */
  readonly alerts: readonly Alert[]
  readonly cameras: readonly CameraView[]
  readonly gateways: readonly GatewayView[]
  /** Sites that appeared or whose devices changed, whole. */
  readonly sites: readonly SiteView[]
}

/** socket.io events. The server also sends a delta each second when nothing changed: the page's heartbeat. */
export interface ServerToClient {
  snapshot: (snapshot: Snapshot) => void
  delta: (delta: Delta) => void
}
export interface ClientToServer {
  resync: () => void
}

/** `GET /api/readings`. `value` of a raw row, min/avg/max/count of a step; a step without readings is absent. */
export interface History {
  readonly point: PointKey
  readonly stepMs: number | null
  readonly rows: readonly (
    | { readonly timeMs: number; readonly value: number | null; readonly quality: Quality }
    | {
        readonly timeMs: number
        readonly min: number
        readonly avg: number
        readonly max: number
        readonly count: number
      }
  )[]
}

export interface Health {
  readonly status: 'ok' | 'degraded' | 'down'
  readonly components: Readonly<
    Record<string, { readonly status: 'ok' | 'degraded' | 'down'; readonly detail?: string }>
  >
}
