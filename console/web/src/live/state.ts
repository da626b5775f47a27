import type {
  Alert,
  CameraView,
  Delta,
  GatewayView,
  LastValue,
  PointKey,
  SiteView,
  Snapshot,
} from '@farwatch/model'

/**
 * What the page knows, as of `seq`. Never changed in place: an entry that did not change keeps its identity, so that a
 * component which watches one point redraws for that point alone. `sites` give the structure; the newest values and
 * camera views live in their own maps.
 */
export interface LiveState {
  readonly seq: number
  readonly sites: ReadonlyMap<string, SiteView>
  readonly values: ReadonlyMap<PointKey, LastValue>
  readonly cameras: ReadonlyMap<string, CameraView>
  readonly gateways: ReadonlyMap<string, GatewayView>
  readonly alerts: ReadonlyMap<string, Alert>
}

export const emptyState: LiveState = {
  seq: -1,
  sites: new Map(),
  values: new Map(),
  cameras: new Map(),
  gateways: new Map(),
  alerts: new Map(),
}

export type Applied =
  | { readonly kind: 'applied'; readonly state: LiveState }
  /** Seen before: nothing to do. */
  | { readonly kind: 'old' }
  /** Something between is missing: a new snapshot is needed, and this delta is not applied. */
  | { readonly kind: 'gap'; readonly expected: number }

export function fromSnapshot(snapshot: Snapshot): LiveState {
  const values = new Map<PointKey, LastValue>()
  const cameras = new Map<string, CameraView>()
  for (const site of snapshot.sites) collectSite(site, values, cameras)
  return {
    seq: snapshot.seq,
    sites: byId(snapshot.sites),
    values,
    cameras,
    gateways: byId(snapshot.gateways),
    alerts: byId(snapshot.alerts),
  }
}

export function applyDelta(state: LiveState, delta: Delta): Applied {
  if (delta.seq <= state.seq) return { kind: 'old' }
  if (delta.seq !== state.seq + 1) return { kind: 'gap', expected: state.seq + 1 }

  let { values, cameras } = state
  if (delta.sites.length > 0 || delta.values.length > 0) {
    const next = new Map(values)
    const nextCameras = new Map(cameras)
    for (const site of delta.sites) collectSite(site, next, nextCameras)
    for (const [key, timeMs, receivedMs, value, quality] of delta.values) {
      next.set(key, { timeMs, receivedMs, value, quality })
    }
    values = next
    if (delta.sites.length > 0) cameras = nextCameras
  }
  return {
    kind: 'applied',
    state: {
      seq: delta.seq,
      sites: merged(state.sites, delta.sites, (site) => site.id),
      values,
      cameras: merged(cameras, delta.cameras, (camera) => camera.device),
      gateways: merged(state.gateways, delta.gateways, (gateway) => gateway.id),
      alerts: merged(state.alerts, delta.alerts, (alert) => alert.id),
    },
  }
}

/** Takes in an alert from an answer over HTTP, unless a delta has brought a later state of it meanwhile. */
export function withAlert(state: LiveState, alert: Alert): LiveState {
  const known = state.alerts.get(alert.id)
  if (known !== undefined && known.transitions.length >= alert.transitions.length) return state
  return { ...state, alerts: merged(state.alerts, [alert], (one) => one.id) }
}

function collectSite(
  site: SiteView,
  values: Map<PointKey, LastValue>,
  cameras: Map<string, CameraView>,
): void {
  for (const device of site.devices) {
    if (device.camera !== null) cameras.set(device.camera.device, device.camera)
    for (const point of device.points) {
      if (point.last === null) continue
      const known = values.get(point.key)
      if (known === undefined || point.last.receivedMs >= known.receivedMs) values.set(point.key, point.last)
    }
  }
}

function byId<T extends { readonly id: string }>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.id, item]))
}

function merged<T>(
  map: ReadonlyMap<string, T>,
  items: readonly T[],
  key: (item: T) => string,
): ReadonlyMap<string, T> {
  if (items.length === 0) return map
  const next = new Map(map)
  for (const item of items) next.set(key(item), item)
  return next
}
