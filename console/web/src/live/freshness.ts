import type { CameraView, GatewayView, LastValue, PointView, SiteView } from '@farwatch/model'
import type { LiveState } from './state.ts'

/** A value is stale beyond this many of its own intervals (domain.md, rule 6). */
const staleIntervals = 3
/** Cameras publish by event and at least each minute; five without a picture is a camera that is not seen. */
export const pictureStaleMs = 5 * 60_000

/** The older of both clocks: a device clock that runs ahead must not make a value look fresher than it is. */
export function valueTimeMs(value: LastValue): number {
  return Math.min(value.timeMs, value.receivedMs)
}

export function isStale(value: LastValue, point: Pick<PointView, 'intervalS'>, nowMs: number): boolean {
  return nowMs - valueTimeMs(value) > staleIntervals * point.intervalS * 1_000
}

export function isPictureStale(camera: CameraView, nowMs: number): boolean {
  return camera.pictureMs !== null && nowMs - camera.pictureMs > pictureStaleMs
}

export type SiteCondition = 'normal' | 'silent' | 'unregistered'

/**
 * Silent: everything that should report has stopped, or its gateway is away. Stops at the first fresh value, so a
 * healthy site costs one look-up.
 */
export function conditionOf(
  site: SiteView,
  state: Pick<LiveState, 'values' | 'gateways' | 'cameras'>,
  nowMs: number,
): SiteCondition {
  if (!site.registered) return 'unregistered'
  if (site.gateway !== undefined && gatewayIsAway(state.gateways.get(site.gateway))) return 'silent'
  let expected = 0
  for (const device of site.devices) {
    for (const point of device.points) {
      expected++
      const value = state.values.get(point.key)
      if (value !== undefined && !isStale(value, point, nowMs)) return 'normal'
    }
    const camera = device.camera && (state.cameras.get(device.camera.device) ?? device.camera)
    if (camera?.pictureMs != null) {
      expected++
      if (!isPictureStale(camera, nowMs)) return 'normal'
    }
  }
  return expected === 0 ? 'normal' : 'silent'
}

function gatewayIsAway(gateway: GatewayView | undefined): boolean {
  return gateway !== undefined && !gateway.online
}
