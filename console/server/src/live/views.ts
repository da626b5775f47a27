import {
  type Action,
  type Alert,
  actions,
  type CameraView,
  type Delta,
  type DeviceView,
  type GatewayView,
  type Grant,
  nowhere,
  type Principal,
  permits,
  type RegistryDesk,
  type Role,
  type Scope,
  type SiteView,
  type Snapshot,
} from '@farwatch/model'
import type { LiveState } from './live-state.ts'

/** Where things lie; the registry knows. */
export type Scopes = Pick<RegistryDesk, 'scopeOf' | 'subscribe'>

/** Views that are remembered; people with the same grants share one. */
const remembered = 1_000

/** What somebody sees of the live picture: one mechanism for HTTP, socket and files. */
export class View {
  /** The same for all who see the same. */
  readonly key: string
  readonly #principal: Principal
  readonly #scopes: Pick<Scopes, 'scopeOf'>
  readonly #sitesOfGateway: (gateway: string) => readonly string[]
  readonly #known = new Map<string, boolean>()

  constructor(
    key: string,
    principal: Principal,
    parts: { scopes: Pick<Scopes, 'scopeOf'>; sitesOfGateway: (gateway: string) => readonly string[] },
  ) {
    this.key = key
    this.#principal = principal
    this.#scopes = parts.scopes
    this.#sitesOfGateway = parts.sitesOfGateway
  }

  /** Whether it reaches everything, known or not. */
  isUnlimited(action: Action): boolean {
    return this.#principal.grants.some((grant) => isUnlimited(grant) && may(grant, action))
  }

  /** Whether this may be done to what belongs to the site. */
  site(id: string, action: Action = 'monitoring.read'): boolean {
    if (this.isUnlimited(action)) return true
    const key = `${action} ${id}`
    let known = this.#known.get(key)
    if (known === undefined) {
      known = permits(this.#principal, action, this.#scopes.scopeOf('site', id) ?? nowhere)
      this.#known.set(key, known)
    }
    return known
  }

  /** A gateway is seen by whoever sees a site that it serves. */
  gateway(id: string, action: Action = 'monitoring.read'): boolean {
    return this.isUnlimited(action) || this.#sitesOfGateway(id).some((site) => this.site(site, action))
  }

  alert({ site }: Pick<Alert, 'site'>, action: Action = 'monitoring.read'): boolean {
    return this.site(site, action)
  }

  sites(sites: readonly SiteView[]): readonly SiteView[] {
    if (this.isWhole()) return sites
    return sites
      .filter(({ id }) => this.site(id))
      .map((site) => (this.site(site.id, 'pictures.read') ? site : withoutPictures(site)))
  }

  gateways(gateways: readonly GatewayView[]): readonly GatewayView[] {
    return this.isUnlimited('monitoring.read') ? gateways : gateways.filter(({ id }) => this.gateway(id))
  }

  alerts(alerts: readonly Alert[]): readonly Alert[] {
    return this.isUnlimited('monitoring.read') ? alerts : alerts.filter((alert) => this.alert(alert))
  }

  snapshot(whole: Snapshot): Snapshot {
    if (this.isWhole()) return whole
    const { sites, gateways, alerts } = whole
    return {
      ...{ ...whole, sites: this.sites(sites), gateways: this.gateways(gateways) },
      alerts: this.alerts(alerts),
    }
  }

  /** Keeps its number, also when nothing is left of it: the numbers have no holes for anybody. */
  delta(whole: Delta): Delta {
    if (this.isWhole()) return whole
    const { values, alerts, cameras, gateways, sites } = whole
    return {
      ...whole,
      values: values.filter(([key]) => this.site(siteOf(key))),
      alerts: this.alerts(alerts),
      cameras: cameras
        .filter(({ device }) => this.site(siteOf(device)))
        .map((camera) => (this.site(siteOf(camera.device), 'pictures.read') ? camera : blind(camera))),
      gateways: this.gateways(gateways),
      sites: this.sites(sites),
    }
  }

  /** Sees everything, wherever it lies. */
  isWhole(): boolean {
    return this.isUnlimited('monitoring.read') && this.isUnlimited('pictures.read')
  }
}

/** The views of all who look, one for each set of grants. */
export class Views {
  readonly #scopes: Scopes
  readonly #state: Pick<LiveState, 'sitesOfGateway'>
  readonly #views = new Map<string, View>()

  constructor(scopes: Scopes, state: Pick<LiveState, 'sitesOfGateway'>) {
    this.#scopes = scopes
    this.#state = state
  }

  of(principal: Principal): View {
    const key = JSON.stringify(
      principal.grants.map(({ role, jurisdiction, department, enterprise }) => [
        ...[role, jurisdiction, department, enterprise],
      ]),
    )
    const known = this.#views.get(key)
    if (known !== undefined) return known
    const parts = {
      scopes: this.#scopes,
      sitesOfGateway: (gateway: string) => this.#state.sitesOfGateway(gateway),
    }
    const view = new View(key, principal, parts)
    this.#views.set(key, view)
    if (this.#views.size > remembered) this.#views.delete(this.#views.keys().next().value!)
    return view
  }

  /** Where a site lies, for an act on what belongs to it. */
  scopeOfSite(id: string): Scope {
    return this.#scopes.scopeOf('site', id) ?? nowhere
  }

  /** Forgets every view that things could have moved into or out of, and tells. Returns the way out. */
  follow(moved: () => void): () => void {
    return this.#scopes.subscribe(() => {
      for (const [key, view] of this.#views) if (!view.isWhole()) this.#views.delete(key)
      moved()
    })
  }
}

function isUnlimited({ jurisdiction, department, enterprise }: Grant): boolean {
  return jurisdiction === null && department === null && enterprise === null
}

function may({ role }: Grant, action: Action): boolean {
  return role !== 'enterprise' && (actions[action] as readonly Role[]).includes(role)
}

function siteOf(key: string): string {
  return key.slice(0, key.indexOf('/'))
}

function withoutPictures(site: SiteView): SiteView {
  return {
    ...site,
    devices: site.devices.map(
      (device): DeviceView => (device.camera === null ? device : { ...device, camera: blind(device.camera) }),
    ),
  }
}

function blind(camera: CameraView): CameraView {
  return { ...camera, pictureMs: null, pictureUrl: null }
}
