import {
  changedSites,
  type PointKey,
  parsePointKey,
  pointsOf,
  type Registry,
  type Site,
} from '@farwatch/model'

/** How many points, devices and cameras nobody registered may appear by themselves. */
export const unknownBounds = {
  pointsPerDevice: 1_000,
  devices: 10_000,
  points: 100_000,
  cameras: 100,
} as const

/**
 * Pictures taken per minute, of each registered camera and of all others together: the embedded database takes some
 * megabytes a second, and readings wait in the same line.
 */
export const pictureRate = {
  registered: { pictures: 60, bytes: 20 * 1024 * 1024 },
  others: { pictures: 60, bytes: 20 * 1024 * 1024 },
} as const

/**
 * Who may speak for which point, and how many unknown ones may appear: a device that invents names must not fill the
 * city's database.
 */
export class Admission {
  /** Gateway of each registered point, as below. */
  readonly #known = new Map<PointKey, string | undefined>()
  /** Gateway of each registered site; undefined: its devices publish themselves. */
  readonly #gatewayOf = new Map<string, string | undefined>()
  readonly #unknownPoints = new Set<PointKey>()
  readonly #unknownPerDevice = new Map<string, number>()
  /** Lists of points that were all let in, and from whom: once let in, always, until the registry changes. */
  #admitted = new WeakMap<readonly PointKey[], { gateway: string | undefined }>()
  #registry: Registry = { sites: [] }
  readonly #cameras = new Set<string>()
  readonly #unknownCameras = new Set<string>()
  /** What came in this minute, by registered camera; the others under the empty name, which no camera has. */
  #taken = new Map<string, { pictures: number; bytes: number }>()
  #minute = 0

  constructor(registry: Registry) {
    this.monitor(registry)
  }

  /** From now on this is what is registered. */
  monitor(registry: Registry): void {
    for (const { before, after } of changedSites(this.#registry, registry)) {
      if (before !== undefined) this.#leave(before)
      if (after !== undefined) this.#enter(after)
    }
    this.#registry = registry
    this.#admitted = new WeakMap()
  }

  #leave(site: Site): void {
    this.#gatewayOf.delete(site.id)
    for (const { key } of pointsOf({ sites: [site] })) this.#known.delete(key)
    for (const { frigateCamera } of site.devices)
      if (frigateCamera !== undefined) this.#cameras.delete(frigateCamera)
  }

  #enter(site: Site): void {
    this.#gatewayOf.set(site.id, site.gateway)
    for (const { key, device } of pointsOf({ sites: [site] })) {
      this.#known.set(key, site.gateway)
      if (this.#unknownPoints.delete(key)) this.#countUnknown(`${site.id}/${device.id}`, -1)
    }
    for (const { frigateCamera } of site.devices) {
      if (frigateCamera === undefined) continue
      this.#cameras.add(frigateCamera)
      this.#unknownCameras.delete(frigateCamera)
    }
  }

  #countUnknown(device: string, by: number): void {
    const count = (this.#unknownPerDevice.get(device) ?? 0) + by
    if (count > 0) this.#unknownPerDevice.set(device, count)
    else this.#unknownPerDevice.delete(device)
  }

  /** Why the first of these points that may not come from `gateway` may not; undefined where all may. */
  refusePoints(points: readonly PointKey[], gateway: string | undefined): string | undefined {
    const admitted = this.#admitted.get(points)
    if (admitted !== undefined && admitted.gateway === gateway) return undefined
    for (const point of points) {
      const refused = this.refusePoint(point, gateway)
      if (refused !== undefined) return refused
    }
    this.#admitted.set(points, { gateway })
    return undefined
  }

  /** Why `gateway` (undefined: a device itself) may not send this point; undefined where it may. */
  refusePoint(point: PointKey, gateway: string | undefined): string | undefined {
    if (this.#known.get(point) === gateway && this.#known.has(point)) return undefined
    const name = parsePointKey(point)
    if (name === undefined) return `${point} is not SITE/DEVICE/METRIC`
    const owner = this.#gatewayOf.get(name.site)
    if (gateway !== undefined && this.#gatewayOf.has(name.site) && owner !== gateway) {
      return `${point} belongs to ${owner === undefined ? 'no gateway' : owner}, not to ${gateway}`
    }
    if (gateway === undefined && owner !== undefined) return `${point} is reported by gateway ${owner} only`
    if (this.#known.has(point) || this.#unknownPoints.has(point)) return undefined
    const device = `${name.site}/${name.device}`
    const count = this.#unknownPerDevice.get(device) ?? 0
    if (count >= unknownBounds.pointsPerDevice)
      return `${device} has sent ${count} unregistered points; no more are taken`
    if (count === 0 && this.#unknownPerDevice.size >= unknownBounds.devices) {
      return `${unknownBounds.devices} unregistered devices have appeared; no more are taken`
    }
    if (this.#unknownPoints.size >= unknownBounds.points) {
      return `${unknownBounds.points} unregistered points have appeared; no more are taken`
    }
    this.#unknownPoints.add(point)
    this.#countUnknown(device, 1)
    return undefined
  }

  refuseCamera(camera: string): string | undefined {
    if (this.#cameras.has(camera) || this.#unknownCameras.has(camera)) return undefined
    if (this.#unknownCameras.size >= unknownBounds.cameras) {
      return `${unknownBounds.cameras} unregistered cameras have appeared; no more are taken`
    }
    this.#unknownCameras.add(camera)
    return undefined
  }

  /** Why no further picture of this size is taken of the camera in this minute; undefined where it is, and counted. */
  refusePicture(camera: string, bytes: number, nowMs: number): string | undefined {
    const minute = Math.floor(nowMs / 60_000)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#taken = new Map()
    }
    const registered = this.#cameras.has(camera)
    const most = registered ? pictureRate.registered : pictureRate.others
    const who = registered ? camera : ''
    const before = this.#taken.get(who) ?? { pictures: 0, bytes: 0 }
    const taken = { pictures: before.pictures + 1, bytes: before.bytes + bytes }
    if (taken.pictures > most.pictures || taken.bytes > most.bytes) {
      const of = registered ? `camera ${camera}` : 'unregistered cameras'
      return `at most ${most.pictures} pictures and ${most.bytes} bytes of ${of} are taken a minute`
    }
    this.#taken.set(who, taken)
    return undefined
  }
}
