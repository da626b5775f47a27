import {
  type CameraEvent,
  type CameraView,
  type CentreRecord,
  cameraEventOf,
  type Delta,
  type DeviceView,
  type GatewayView,
  type LastValue,
  Point,
  type PointKey,
  type PointView,
  parsePointKey,
  pointKey,
  type Readings,
  type Registry,
  readingsOf,
  type SiteView,
  utf8,
} from '@farwatch/model'
import type { ConsoleMetrics } from '../metrics.ts'
import type { LiveBounds } from './bounds.ts'
import { Gateways } from './gateways.ts'
import { rankOf, supersedes } from './newest.ts'
import { type Picture, PictureShelf, pictureUrl } from './pictures.ts'

interface LiveSite {
  /** What does not change by itself; `gateway` of an unregistered site is the one it was first heard through. */
  readonly base: Omit<SiteView, 'devices'>
  readonly devices: Map<string, LiveDevice>
}

interface LiveDevice {
  readonly site: LiveSite
  readonly key: string
  readonly base: Omit<DeviceView, 'points' | 'camera'>
  readonly points: LivePoint[]
  event: CameraView['event']
}

interface LivePoint {
  readonly device: LiveDevice
  readonly base: Omit<PointView, 'last'>
  last: LastValue | null
}

/** What changed since the last time somebody asked: the body of a delta, but for the alerts. */
export type Changes = Pick<Delta, 'values' | 'cameras' | 'gateways' | 'sites'>

export interface KnownPoint {
  readonly site: string
  readonly device: string
  readonly view: PointView
}

interface LiveStateParts {
  readonly registry: Registry
  readonly bounds: LiveBounds
  readonly metrics: ConsoleMetrics
  readonly startMs: number
}

/**
 * The city as of now: every site with its devices, the newest value of every point, the newest picture and event of every
 * camera, every gateway. Fed with journal records in any order and any number of times; nothing here waits or throws.
 */
export class LiveState {
  readonly gateways: Gateways
  readonly #bounds: LiveBounds
  readonly #metrics: ConsoleMetrics
  readonly #sites = new Map<string, LiveSite>()
  readonly #points = new Map<PointKey, LivePoint>()
  /** The points of lists of keys that are all known. */
  readonly #listPoints = new WeakMap<readonly PointKey[], readonly (LivePoint | undefined)[]>()
  readonly #cameras = new Map<string, LiveDevice>()
  readonly #sitesOfGateway = new Map<string, string[]>()
  readonly #pictures: PictureShelf
  readonly #unregistered = { sites: 0, devices: 0, points: 0 }
  readonly #changedPoints = new Set<LivePoint>()
  readonly #changedCameras = new Set<LiveDevice>()
  readonly #changedSites = new Set<LiveSite>()

  constructor({ registry, bounds, metrics, startMs }: LiveStateParts) {
    this.#bounds = bounds
    this.#metrics = metrics
    this.#pictures = new PictureShelf(bounds)
    const expected = registry.sites.flatMap((site) => site.gateway ?? [])
    this.gateways = new Gateways({ expected, startMs, bound: bounds.gateways, metrics })
    for (const site of registry.sites) {
      const { devices, ...rest } = site
      const live = this.#addSite({ ...rest, registered: true })
      for (const { id, name, kind, points, frigateCamera } of devices) {
        const device = this.#addDevice(live, { id, name, kind, registered: true })
        if (kind === 'camera' && frigateCamera !== undefined) this.#cameras.set(frigateCamera, device)
        for (const point of points) this.#addPoint(device, point, true)
      }
    }
  }

  /**
   * Takes in one journal record. A record that cannot be read is counted and returned as the error, so that one bad
   * record stops nothing.
   */
  apply(record: CentreRecord): unknown {
    try {
      switch (record.kind) {
        case 'batch':
          this.#applyReadings(readingsOf(record), record.receivedMs, record.gateway)
          break
        case 'telemetry':
          this.#applyReadings(readingsOf(record), record.receivedMs)
          break
        case 'camera-event':
          this.setEvent(cameraEventOf(record))
          break
        case 'picture':
          this.setPicture(record.camera, record.bytes, record.receivedMs)
          break
        case 'gateway-status':
          this.gateways.apply(record.gateway, record.bytes, record.receivedMs)
          break
        case 'delivery':
          this.gateways.setDelivery(record.gateway, JSON.parse(utf8(record.bytes)), record.receivedMs)
          break
        case 'loss':
        case 'quarantine':
          break
      }
      return undefined
    } catch (error) {
      this.#metrics.unreadable.inc({ kind: record.kind })
      return error
    }
  }

  /** A point's value from wherever it was kept; the older one is ignored. `gateway` is told for a new, unregistered site. */
  setLast(key: PointKey, last: LastValue, gateway?: string): void {
    this.#show(this.#points.get(key) ?? this.#discover(key, gateway), last)
  }

  #show(point: LivePoint | undefined, last: LastValue): void {
    if (point === undefined || (point.last !== null && !supersedes(last, point.last))) return
    point.last = last
    this.#changedPoints.add(point)
  }

  #pointsOf(keys: readonly PointKey[], gateway: string | undefined): readonly (LivePoint | undefined)[] {
    const known = this.#listPoints.get(keys)
    if (known !== undefined) return known
    const points = keys.map((key) => this.#points.get(key) ?? this.#discover(key, gateway))
    if (!points.includes(undefined)) this.#listPoints.set(keys, points)
    return points
  }

  /** The newest picture of a camera, named as Frigate names it. */
  setPicture(camera: string, bytes: Uint8Array, receivedMs: number): void {
    const device = this.#cameras.get(camera)
    if (device === undefined) {
      this.#metrics.leftOut.inc({ what: 'camera' })
      return
    }
    const outcome = this.#pictures.put(device.key, bytes, receivedMs)
    if (outcome === 'refused') {
      this.#metrics.leftOut.inc({ what: 'picture' })
      return
    }
    if (outcome === 'older') return
    this.#changedCameras.add(device)
    for (const key of outcome.evicted) {
      this.#metrics.leftOut.inc({ what: 'picture' })
      const other = this.#deviceOf(key)
      if (other !== undefined) this.#changedCameras.add(other)
    }
  }

  /** What a camera saw, unless something later is known. */
  setEvent({
    camera,
    label,
    score,
    timeMs,
  }: Pick<CameraEvent, 'camera' | 'label' | 'score' | 'timeMs'>): void {
    const device = this.#cameras.get(camera)
    if (device === undefined) {
      this.#metrics.leftOut.inc({ what: 'camera' })
      return
    }
    if (device.event !== null && device.event.timeMs > timeMs) return
    device.event = { label, score, timeMs }
    this.#changedCameras.add(device)
  }

  /** Registered cameras as Frigate names them. */
  cameraNames(): string[] {
    return [...this.#cameras.keys()]
  }

  picture(site: string, device: string): Picture | undefined {
    return this.#pictures.get(`${site}/${device}`)
  }

  /** Ids of the sites that a gateway speaks for, or was first heard for. */
  sitesOfGateway(gateway: string): readonly string[] {
    return this.#sitesOfGateway.get(gateway) ?? []
  }

  hasCamera(site: string, device: string): boolean {
    return this.#sites.get(site)?.devices.get(device)?.base.kind === 'camera'
  }

  sites(): SiteView[] {
    return Array.from(this.#sites.values(), (site) => this.#siteView(site))
  }

  point(key: PointKey): PointView | undefined {
    const point = this.#points.get(key)
    return point === undefined ? undefined : pointView(point)
  }

  *points(): Generator<KnownPoint> {
    for (const point of this.#points.values()) {
      yield { site: point.device.site.base.id, device: point.device.base.id, view: pointView(point) }
    }
  }

  /** What changed since the last call, and forgets it. A site sent whole carries its values and cameras with it. */
  takeChanges(): Changes {
    const changes: Changes = {
      sites: Array.from(this.#changedSites, (site) => this.#siteView(site)),
      values: Array.from(this.#changedPoints)
        .filter((point) => !this.#changedSites.has(point.device.site))
        .map(({ base, last }) => {
          const { timeMs, receivedMs, value, quality } = last!
          return [base.key, timeMs, receivedMs, value, quality] as const
        }),
      cameras: Array.from(this.#changedCameras)
        .filter((device) => !this.#changedSites.has(device.site))
        .map((device) => this.#cameraView(device)),
      gateways: this.gateways.takeChanges(),
    }
    this.#changedSites.clear()
    this.#changedPoints.clear()
    this.#changedCameras.clear()
    return changes
  }

  gatewayViews(): GatewayView[] {
    return this.gateways.views()
  }

  #applyReadings(readings: Readings, receivedMs: number, gateway?: string): void {
    const { points, ends, timesMs, values, qualities } = readings
    const live = this.#pointsOf(points, gateway)
    let row = 0
    for (let s = 0; s < points.length; s++) {
      let newest = row
      let rank = -1
      for (const end = ends[s]!; row < end; row++) {
        const own = rankOf({ timeMs: timesMs[row]!, receivedMs })
        if (own < rank) continue
        rank = own
        newest = row
      }
      const value = values[newest]!
      const last = {
        timeMs: timesMs[newest]!,
        receivedMs,
        value: Number.isNaN(value) ? null : value,
        quality: qualities[newest]!,
      }
      this.#show(live[s], last)
    }
  }

  /** A point heard of for the first time, with the device and site around it where they are new too. */
  #discover(key: PointKey, gateway: string | undefined): LivePoint | undefined {
    const names = parsePointKey(key)
    if (names === undefined) return undefined
    const site = this.#sites.get(names.site)
    const device = site?.devices.get(names.device)
    const need = { sites: site ? 0 : 1, devices: device ? 0 : 1, points: 1 }
    for (const what of ['sites', 'devices', 'points'] as const) {
      if (this.#unregistered[what] + need[what] <= this.#bounds[what]) continue
      this.#metrics.leftOut.inc({ what: what.slice(0, -1) })
      return undefined
    }
    for (const what of ['sites', 'devices', 'points'] as const) this.#unregistered[what] += need[what]
    const named = (id: string) => ({ id, name: { zh: id, en: id }, registered: false })
    const at =
      site ?? this.#addSite({ ...named(names.site), kind: 'other', latitude: null, longitude: null, gateway })
    const on = device ?? this.#addDevice(at, { ...named(names.device), kind: 'sensor' })
    this.#changedSites.add(at)
    return this.#addPoint(on, Point.parse({ metric: names.metric, name: named(names.metric).name }), false)
  }

  #addSite(base: LiveSite['base']): LiveSite {
    const site: LiveSite = { base, devices: new Map() }
    this.#sites.set(base.id, site)
    if (base.gateway !== undefined) {
      const served = this.#sitesOfGateway.get(base.gateway)
      if (served === undefined) this.#sitesOfGateway.set(base.gateway, [base.id])
      else served.push(base.id)
    }
    return site
  }

  #addDevice(site: LiveSite, base: LiveDevice['base']): LiveDevice {
    const device: LiveDevice = { site, key: `${site.base.id}/${base.id}`, base, points: [], event: null }
    site.devices.set(base.id, device)
    return device
  }

  #addPoint(device: LiveDevice, definition: Point, registered: boolean): LivePoint {
    const key = pointKey(device.site.base.id, device.base.id, definition.metric)
    const point: LivePoint = { device, base: { ...definition, key, registered }, last: null }
    device.points.push(point)
    this.#points.set(key, point)
    return point
  }

  #deviceOf(key: string): LiveDevice | undefined {
    const [site, device] = key.split('/')
    return this.#sites.get(site ?? '')?.devices.get(device ?? '')
  }

  #siteView({ base, devices }: LiveSite): SiteView {
    return { ...base, devices: Array.from(devices.values(), (device) => this.#deviceView(device)) }
  }

  #deviceView(device: LiveDevice): DeviceView {
    const camera = device.base.kind === 'camera' ? this.#cameraView(device) : null
    return { ...device.base, points: device.points.map(pointView), camera }
  }

  #cameraView({ key, event }: LiveDevice): CameraView {
    const picture = this.#pictures.get(key)
    return {
      device: key,
      pictureMs: picture?.receivedMs ?? null,
      pictureUrl: picture === undefined ? null : pictureUrl(key, picture),
      event,
    }
  }
}

function pointView({ base, last }: LivePoint): PointView {
  return { ...base, last }
}
