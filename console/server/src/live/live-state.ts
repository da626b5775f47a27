import {
  type CameraEvent,
  type CentreRecord,
  cameraEventOf,
  changedSites,
  type Delta,
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
  type Site,
  type SiteView,
  utf8,
} from '@farwatch/model'
import type { ConsoleMetrics } from '../metrics.ts'
import type { LiveBounds } from './bounds.ts'
import { Gateways } from './gateways.ts'
import { rankOf, supersedes } from './newest.ts'
import { type Picture, PictureShelf } from './pictures.ts'
import { cameraView, type LiveDevice, type LivePoint, type LiveSite, pointView, siteView } from './things.ts'

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
  #listPoints = new WeakMap<readonly PointKey[], readonly (LivePoint | undefined)[]>()
  readonly #cameras = new Map<string, LiveDevice>()
  readonly #sitesOfGateway = new Map<string, string[]>()
  readonly #pictures: PictureShelf
  readonly #unregistered = { sites: 0, devices: 0, points: 0 }
  readonly #changedPoints = new Set<LivePoint>()
  readonly #changedCameras = new Set<LiveDevice>()
  readonly #changedSites = new Set<LiveSite>()
  #registry: Registry

  constructor({ registry, bounds, metrics, startMs }: LiveStateParts) {
    this.#bounds = bounds
    this.#metrics = metrics
    this.#pictures = new PictureShelf(bounds)
    const expected = registry.sites.flatMap((site) => site.gateway ?? [])
    this.gateways = new Gateways({ expected, startMs, bound: bounds.gateways, metrics })
    this.#registry = registry
    for (const site of registry.sites) this.#addRegistered(site)
  }

  /** From now on this is what is registered. Values stay with their points; pages get each changed site whole. */
  monitor(registry: Registry, nowMs: number): void {
    for (const { id, after } of changedSites(this.#registry, registry)) this.#replaceSite(id, after)
    this.#registry = registry
    this.#listPoints = new WeakMap()
    this.gateways.expect(
      registry.sites.flatMap((site) => site.gateway ?? []),
      nowMs,
    )
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
    return Array.from(this.#sites.values(), (site) => siteView(site, this.#pictures))
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
      sites: Array.from(this.#changedSites, (site) => siteView(site, this.#pictures)),
      values: Array.from(this.#changedPoints)
        .filter((point) => !this.#changedSites.has(point.device.site))
        .map(({ base, last }) => {
          const { timeMs, receivedMs, value, quality } = last!
          return [base.key, timeMs, receivedMs, value, quality] as const
        }),
      cameras: Array.from(this.#changedCameras)
        .filter((device) => !this.#changedSites.has(device.site))
        .map((device) => cameraView(device, this.#pictures)),
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

  #addRegistered({ devices, ...rest }: Site): LiveSite {
    const site = this.#addSite({ ...rest, registered: true })
    for (const { id, name, kind, points, frigateCamera } of devices) {
      const device = this.#addDevice(site, { id, name, kind, registered: true })
      if (kind === 'camera' && frigateCamera !== undefined) this.#cameras.set(frigateCamera, device)
      for (const point of points) this.#addPoint(device, point, true)
    }
    return site
  }

  /** A site as it is registered now; without `site` it is not any more, and stays in sight until the next start. */
  #replaceSite(id: string, site: Site | undefined): void {
    const old = this.#sites.get(id)
    if (old !== undefined) this.#takeOut(old)
    const base = old === undefined ? undefined : { ...old.base, registered: false }
    const now = site === undefined ? base && this.#addSite(base) : this.#addRegistered(site)
    if (now === undefined) return
    if (!now.base.registered) this.#unregistered.sites++
    for (const device of old?.devices.values() ?? []) this.#carryOver(now, device)
    this.#changedSites.add(now)
  }

  #takeOut(site: LiveSite): void {
    this.#changedSites.delete(site)
    const { id, gateway } = site.base
    if (gateway !== undefined)
      this.#sitesOfGateway.set(
        gateway,
        this.sitesOfGateway(gateway).filter((served) => served !== id),
      )
    if (!site.base.registered) this.#unregistered.sites--
    for (const device of site.devices.values()) {
      this.#changedCameras.delete(device)
      if (!device.base.registered) this.#unregistered.devices--
      for (const [camera, owner] of this.#cameras) if (owner === device) this.#cameras.delete(camera)
      for (const point of device.points) {
        this.#changedPoints.delete(point)
        this.#points.delete(point.base.key)
        if (!point.base.registered) this.#unregistered.points--
      }
    }
  }

  /** What an old device knew goes to the new one; what nobody registered stays unregistered. */
  #carryOver(site: LiveSite, old: LiveDevice): void {
    for (const { base, last } of old.points) {
      let point = this.#points.get(base.key)
      if (point === undefined && !base.registered) {
        let device = site.devices.get(old.base.id)
        if (device === undefined) {
          device = this.#addDevice(site, { ...old.base, registered: false })
          this.#unregistered.devices++
        }
        point = this.#addPoint(device, base, false)
        this.#unregistered.points++
      }
      if (point !== undefined) point.last = last
    }
    const device = site.devices.get(old.base.id)
    if (device !== undefined) device.event = old.event
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
}
