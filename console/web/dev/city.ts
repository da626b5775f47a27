import { createHash } from 'node:crypto'
import type {
  Alert,
  CameraView,
  Delta,
  GatewayView,
  Level,
  PointView,
  SiteView,
  Snapshot,
} from '@farwatch/model'
import { gatewayOf, sitesOf, type Wave, waves } from './sites.ts'

type Value = Delta['values'][number]
const good = 0

/** The scripted city of the development server. Every value is a function of time, so that history agrees with live. */
export class City {
  readonly #scene: string
  readonly #startMs: number
  #seq = 100
  #nowMs: number
  readonly #alerts = new Map<string, Alert>()
  #changed: Alert[] = []
  readonly #lastSentMs = new Map<string, number>()
  pictureMs: number

  constructor(scene: string, startMs: number) {
    this.#scene = scene
    this.#startMs = startMs
    this.#nowMs = startMs
    this.pictureMs = startMs - (scene === 'alert' ? 11 * 60_000 : 4_000)
    if (scene === 'alert') this.#prepare()
  }

  get scene(): string {
    return this.#scene
  }

  get startMs(): number {
    return this.#startMs
  }

  snapshot(): Snapshot {
    const sites = this.#sites()
    return {
      seq: this.#seq,
      serverMs: Date.now(),
      sites,
      gateways: this.#gateways(),
      alerts: [...this.#alerts.values()],
    }
  }

  step(nowMs: number): Delta | undefined {
    this.#nowMs = nowMs
    const elapsedS = Math.round((nowMs - this.#startMs) / 1_000)
    if (this.#scene === 'story') this.#play(elapsedS)
    const values: Value[] = []
    for (const site of this.#sites())
      for (const device of site.devices)
        for (const point of device.points) {
          const due = (this.#lastSentMs.get(point.key) ?? 0) + point.intervalS * 1_000 - 50
          if (nowMs < due || !point.last) continue
          this.#lastSentMs.set(point.key, nowMs)
          values.push([
            point.key,
            point.last.timeMs,
            point.last.receivedMs,
            point.last.value,
            point.last.quality,
          ])
        }
    const cameras: CameraView[] = []
    if (this.#scene !== 'alert' && elapsedS % 20 === 0) {
      this.pictureMs = nowMs
      cameras.push(this.#camera())
    }
    const alerts = this.#changed
    this.#changed = []
    this.#seq++
    return { seq: this.#seq, serverMs: nowMs, values, alerts, cameras, gateways: [], sites: [] }
  }

  valueAt(point: PointView, timeMs: number): number | null {
    const wave = waves[point.key]
    return wave ? this.#value(wave, point, timeMs) : null
  }

  pointOf(key: string): PointView | undefined {
    return this.#sites()
      .flatMap((site) => site.devices.flatMap((device) => device.points))
      .find((point) => point.key === key)
  }

  acknowledge(id: string, by: string): Alert | undefined {
    const alert = this.#alerts.get(id)
    if (!alert) return undefined
    if (alert.state === 'unacknowledged')
      return this.#advance(alert, 'acknowledged', { state: 'acknowledged', by })
    if (alert.state === 'returned-unacknowledged')
      return this.#advance(alert, 'acknowledged', { state: 'normal', by })
    return alert
  }

  #play(elapsedS: number): void {
    if (elapsedS === 12) {
      this.#raise('E01/Cellar/LEL01', 'orange', { value: 28.1, limit: 25, atMs: this.#nowMs })
    }
    if (elapsedS === 22)
      this.#raise('E03/collector/diffPressure', 'yellow', { value: 1846, limit: 1800, atMs: this.#nowMs })
    if (elapsedS === 100) {
      for (const alert of this.#alerts.values()) {
        if (alert.state === 'acknowledged') this.#advance(alert, 'closed', { state: 'normal', by: null })
        else if (alert.state === 'unacknowledged')
          this.#advance(alert, 'returned', { state: 'returned-unacknowledged', by: null })
      }
    }
  }

  #prepare(): void {
    const ago = (minutes: number) => this.#startMs - minutes * 60_000
    this.#raise('E01/Cellar/LEL01', 'red', { value: 28.1, limit: 25, atMs: ago(1.2), worst: 53.4 })
    this.#raise('E03/collector/hopper', 'orange', { value: 71.4, limit: 70, atMs: ago(4) })
    const dust = this.#raise('E10/dust/pm10', 'yellow', { value: 182, limit: 150, atMs: ago(38), worst: 231 })
    this.#advance(dust, 'acknowledged', { state: 'acknowledged', by: '王建国', atMs: ago(33) })
    const cold = this.#raise('E09/store2/temperature', 'yellow', { value: -14.2, limit: -15, atMs: ago(52) })
    this.#advance(cold, 'returned', { state: 'returned-unacknowledged', by: null, atMs: ago(21) })
    const noise = this.#raise('E10/dust/noise', 'blue', { value: 73.5, limit: 70, atMs: ago(55) })
    const done = this.#advance(noise, 'acknowledged', { state: 'acknowledged', by: '李梅', atMs: ago(50) })
    this.#advance(done, 'closed', { state: 'normal', by: null, atMs: ago(31) })
    this.#changed = []
  }

  #raise(
    key: string,
    level: Level,
    at: { value: number; limit: number; atMs: number; worst?: number },
  ): Alert {
    const point = this.pointOf(key)
    const alert: Alert = {
      id: createHash('sha256').update(`${key}${at.atMs}`).digest('hex').slice(0, 32),
      rule: 'threshold',
      ruleVersion: 1,
      subject: key,
      site: key.split('/')[0] ?? '',
      level,
      state: 'unacknowledged',
      late: false,
      title: {
        zh: `${point?.name.zh ?? key}超过限值`,
        en: `${point?.name.en ?? key} above its limit`,
      },
      why: { zh: `连续 2 秒高于 ${at.limit}`, en: `Above ${at.limit} for 2 s` },
      unit: point?.unit ?? '',
      limit: at.limit,
      value: at.value,
      worst: at.worst ?? at.value,
      setMs: at.atMs,
      returnedMs: null,
      transitions: [
        {
          n: 1,
          kind: 'raised',
          state: 'unacknowledged',
          atMs: at.atMs,
          recordedMs: at.atMs,
          by: null,
          comment: null,
          value: at.value,
        },
      ],
    }
    this.#take(alert)
    return alert
  }

  #advance(
    alert: Alert,
    kind: Alert['transitions'][number]['kind'],
    to: { state: Alert['state']; by: string | null; atMs?: number },
  ): Alert {
    const atMs = to.atMs ?? Date.now()
    const next: Alert = {
      ...alert,
      state: to.state,
      returnedMs: kind === 'returned' || kind === 'closed' ? atMs : alert.returnedMs,
      transitions: [
        ...alert.transitions,
        {
          n: alert.transitions.length + 1,
          kind,
          state: to.state,
          atMs,
          recordedMs: atMs,
          by: to.by,
          comment: null,
          value: null,
        },
      ],
    }
    this.#take(next)
    return next
  }

  #take(alert: Alert): void {
    this.#alerts.set(alert.id, alert)
    this.#changed.push(alert)
  }

  #value(wave: Wave, point: PointView, timeMs: number): number | null {
    const noise = (n: number) => Math.sin(timeMs / (977 * n) + n) * Math.cos(timeMs / (3_331 * n))
    if (point.type === 'state') return wave.middle
    let value =
      wave.middle + wave.swing * (0.6 * Math.sin(timeMs / wave.periodMs) + 0.25 * noise(7) + 0.15 * noise(1))
    const surge = this.#surge(point.key, timeMs)
    if (surge > 0) value += (wave.peak - wave.middle) * surge
    return Math.round(value * 100) / 100
  }

  /** 0…1: how far the incident has the point in its grip. */
  #surge(key: string, timeMs: number): number {
    const sinceS = (timeMs - this.#startMs) / 1_000
    const bump = (fromS: number, toS: number) =>
      Math.max(0, Math.min(1, (sinceS - fromS) / 20, (toS - sinceS) / 20))
    if (this.#scene === 'story') {
      if (key === 'E01/Cellar/LEL01') return bump(0, 110)
      return key === 'E03/collector/diffPressure' ? bump(8, 110) : 0
    }
    if (this.#scene !== 'alert') return 0
    if (key === 'E01/Cellar/LEL01') return bump(-90, 1e9)
    if (key === 'E03/collector/hopper') return bump(-260, 1e9)
    if (key === 'E10/dust/pm10') return bump(-2_300, 1e9)
    return key === 'E09/store2/temperature' ? bump(-3_150, -1_260) : 0
  }

  #sites(): SiteView[] {
    const nowMs = this.#nowMs
    const sites = sitesOf(this.#scene, this.#camera())
    return sites.map((site) => ({
      ...site,
      devices: site.devices.map((device) => ({
        ...device,
        points: device.points.map((point): PointView => {
          const wave = waves[point.key]
          if (!wave) return point
          const silent = this.#scene === 'alert' && site.id === 'E09' && device.id === 'store1'
          const timeMs = silent ? this.#startMs - 14 * 60_000 : nowMs - 120
          const bad = this.#scene === 'alert' && point.key === 'E03/grinder/power'
          return {
            ...point,
            last: {
              timeMs,
              receivedMs: timeMs + 80,
              value: bad ? null : this.#value(wave, point, timeMs),
              quality: bad ? 0x808c : point.key === 'E10/dust/wind' ? 0x4094 : good,
            },
          }
        }),
      })),
    }))
  }

  #camera(): CameraView {
    return {
      device: 'E10/cam1',
      pictureMs: this.pictureMs,
      pictureUrl: '/api/pictures/E10',
      event: { label: 'no-helmet', score: 0.91, timeMs: this.pictureMs - 2_000 },
    }
  }

  #gateways(): GatewayView[] {
    return ['gw-e01', 'gw-e03', 'gw-old']
      .filter((id) => id !== 'gw-old' || this.#scene === 'alert')
      .map((id) => gatewayOf(id, this.#startMs))
  }
}
