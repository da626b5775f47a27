import { type Device, type Entity, type Point, type Registry, type Site, toWgs84 } from '@farwatch/model'
import { dayOf, isIn } from './days.ts'
import type { Holdings } from './holdings.ts'
import { limitsOf, periodOf } from './limits.ts'
import { deviceOf, siteBelow } from './references.ts'

/** Of a point whose registration says nothing about it, seconds. */
const defaultIntervalS = 10

/**
 * The registry as intake, writer, rules and live picture take it. A site in which nothing changed stays the same object, by
 * which they see what to look at again.
 */
export class Monitored {
  readonly #holdings: Holdings
  readonly #now: () => number
  readonly #sites = new Map<string, Site>()
  #registry: Registry | undefined
  #day = ''

  constructor(holdings: Holdings, now: () => number) {
    this.#holdings = holdings
    this.#now = now
  }

  /** Something of this site has changed, or will no longer be what it was. */
  forget({ kind, id, value }: Entity): void {
    const site = siteBelow(kind, id, value)
    if (site === undefined) return
    this.#sites.delete(site)
    this.#registry = undefined
  }

  get(): Registry {
    this.#turnDay()
    this.#registry ??= { sites: this.#build() }
    return this.#registry
  }

  #build(): Site[] {
    return this.#holdings.inOrder('site').map((entity) => {
      const built = this.#sites.get(entity.id) ?? this.#site(entity)
      this.#sites.set(entity.id, built)
      return built
    })
  }

  /** On a new day other limits hold. */
  #turnDay(): void {
    const day = dayOf(this.#now())
    if (day === this.#day) return
    const before = this.#day
    this.#day = day
    if (before === '') return
    for (const limit of this.#holdings.list('limit')) {
      const period = periodOf(limit.value)
      if (isIn(period, before) !== isIn(period, day)) this.forget(limit)
    }
  }

  #site({ id, value }: Entity<'site'>): Site {
    const { name, kind, coordinates, jurisdiction, address, gateway } = value
    return {
      ...{ id, name, kind, ...toWgs84(value, coordinates) },
      ...(jurisdiction === undefined ? {} : { county: jurisdiction.slice(0, 6) }),
      ...(address === undefined ? {} : { address }),
      ...(gateway === undefined ? {} : { gateway }),
      devices: this.#holdings.referrers('site', id, 'device').map((device) => this.#device(device)),
    }
  }

  #device({ id, value: { name, kind, frigateCamera } }: Entity<'device'>): Device {
    return {
      ...{ id: id.slice(id.indexOf('/') + 1), name, kind },
      ...(frigateCamera === undefined ? {} : { frigateCamera }),
      points: this.#holdings.referrers('device', id, 'point').map((point) => this.#point(point)),
    }
  }

  #point({ id, value }: Entity<'point'>): Point {
    const { name, unit, type, intervalS, measurementCycleS, normal } = value
    const limits = limitsOf(this.#holdings, id).filter((limit) => isIn(periodOf(limit.value), this.#day))
    return {
      ...{ metric: id.slice(deviceOf(id).length + 1), name, unit, type },
      intervalS: intervalS ?? measurementCycleS ?? defaultIntervalS,
      ...(normal === undefined ? {} : { normal }),
      limits: limits.map(({ value: { value: at, level } }) => ({ value: at, level })),
    }
  }
}
