import type { CameraView, DeviceView, LastValue, PointView, SiteView } from '@farwatch/model'
import { type PictureShelf, pictureUrl } from './pictures.ts'

export interface LiveSite {
  /** What does not change by itself; `gateway` of an unregistered site is the one it was first heard through. */
  readonly base: Omit<SiteView, 'devices'>
  readonly devices: Map<string, LiveDevice>
}

export interface LiveDevice {
  readonly site: LiveSite
  readonly key: string
  readonly base: Omit<DeviceView, 'points' | 'camera'>
  readonly points: LivePoint[]
  event: CameraView['event']
}

export interface LivePoint {
  readonly device: LiveDevice
  readonly base: Omit<PointView, 'last'>
  last: LastValue | null
}

export function siteView({ base, devices }: LiveSite, pictures: PictureShelf): SiteView {
  return { ...base, devices: Array.from(devices.values(), (device) => deviceView(device, pictures)) }
}

function deviceView(device: LiveDevice, pictures: PictureShelf): DeviceView {
  const camera = device.base.kind === 'camera' ? cameraView(device, pictures) : null
  return { ...device.base, points: device.points.map(pointView), camera }
}

export function cameraView({ key, event }: LiveDevice, pictures: PictureShelf): CameraView {
  const picture = pictures.get(key)
  return {
    device: key,
    pictureMs: picture?.receivedMs ?? null,
    pictureUrl: picture === undefined ? null : pictureUrl(key, picture),
    event,
  }
}

export function pointView({ base, last }: LivePoint): PointView {
  return { ...base, last }
}
