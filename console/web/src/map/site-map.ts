import type { Level } from '@farwatch/model'
import type { Feature, FeatureCollection, Point } from 'geojson'
import type { BaseMap } from './basemap.ts'
import { type Engine, type GlMap, type GlMarker, type LngLat, mapOptions, type Padding } from './engine.ts'
import type { SiteFeature } from './features.ts'
import type { Palette } from './palette.ts'
import { drawSite, imageRatio } from './site-image.ts'
import { mapStyle, selectionSource, siteLayer, siteSource } from './style.ts'

export type Sites = FeatureCollection<Point, SiteFeature>

export interface Look {
  readonly palette: Palette
  readonly dark: boolean
  readonly base: BaseMap
  readonly marks: Readonly<Record<Level, string>>
}

/** Rings that move are elements of the page; more than this many at once tell nobody anything. */
const mostPulses = 100
/** An engine that has drawn nothing by then is taken as failed. */
const loadWithinMs = 15_000

/**
 * The map of sites on either engine. Changes are gathered and handed over once an animation frame, however often they
 * come.
 */
export class SiteMap {
  readonly #engine: Engine
  readonly #map: GlMap
  #look: Look
  #sites: Sites
  #selected: LngLat | undefined
  #styled = false
  #frame: number | undefined
  readonly #pulses = new Map<string, GlMarker>()

  constructor(
    engine: Engine,
    given: { container: HTMLElement; look: Look; sites: Sites; token: string | null },
  ) {
    this.#engine = engine
    this.#look = given.look
    this.#sites = given.sites
    this.#map = engine.createMap(
      mapOptions(engine.kind, {
        container: given.container,
        style: this.#style(),
        bounds: given.look.base.bounds,
        token: given.token,
      }),
    )
  }

  /** Resolves when the first picture is complete; rejects when the engine says it cannot or takes too long. */
  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('timeout')), loadWithinMs)
      const onError = (event: { error?: unknown }) => {
        clearTimeout(timer)
        reject(event.error instanceof Error ? event.error : new Error(String(event.error)))
      }
      this.#map.on('error', onError)
      this.#map.on('style.load', () => {
        this.#styled = true
        this.#flush()
      })
      this.#map.once('load', () => {
        clearTimeout(timer)
        this.#map.off('error', onError)
        this.#map.once('idle', () => resolve())
      })
    })
  }

  onSelect(listener: (id: string) => void): void {
    this.#map.on('click', siteLayer, (event) => {
      const id = event.features?.[0]?.properties?.id
      if (typeof id === 'string') listener(id)
    })
    this.#map.on('mouseenter', siteLayer, () => this.#map.getCanvas().style.setProperty('cursor', 'pointer'))
    this.#map.on('mouseleave', siteLayer, () => this.#map.getCanvas().style.removeProperty('cursor'))
  }

  setSites(sites: Sites): void {
    this.#sites = sites
    this.#later()
  }

  setLook(look: Look): void {
    if (look === this.#look) return
    this.#look = look
    this.#styled = false
    this.#map.setStyle(this.#style(), { diff: false })
  }

  /** Rings the site; brings it into view where it is hidden by the panel (`padding`) or out of sight. */
  select(at: LngLat | undefined, padding: Padding): void {
    this.#selected = at
    this.#later()
    if (at === undefined) return
    const { x, y } = this.#map.project(at)
    const { clientWidth: width, clientHeight: height } = this.#map.getCanvas()
    const margin = 48
    // Its name stands beside or below it and wants room as well.
    const beside = 88
    const inside =
      x > padding.left + margin &&
      x < width - padding.right - beside &&
      y > padding.top + margin &&
      y < height - padding.bottom - margin
    if (inside) return
    // An offset instead of the engine's own padding: that one would stay.
    const centre = { x: (padding.left + width - padding.right) / 2, y: height / 2 }
    this.#map.easeTo({
      center: at,
      // The zoom stays: another site may be in alarm, and it must not leave the picture.
      zoom: this.#map.getZoom(),
      duration: 600,
      offset: [centre.x - width / 2, centre.y - height / 2],
    })
  }

  zoomIn(): void {
    this.#map.zoomIn()
  }

  zoomOut(): void {
    this.#map.zoomOut()
  }

  fit(padding: Padding): void {
    const room = 36
    this.#map.fitBounds(this.#look.base.bounds, {
      padding: {
        top: padding.top + room,
        right: padding.right + room,
        bottom: padding.bottom + room,
        left: padding.left + room,
      },
      duration: 600,
    })
  }

  resize(): void {
    this.#map.resize()
  }

  close(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame)
    for (const marker of this.#pulses.values()) marker.remove()
    this.#pulses.clear()
    this.#map.remove()
  }

  #style() {
    const { palette, base, dark } = this.#look
    return mapStyle(this.#engine.kind, {
      palette,
      base,
      dark,
      sites: { type: 'FeatureCollection', features: [] },
    })
  }

  #later(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined
      this.#flush()
    })
  }

  #flush(): void {
    if (!this.#styled) return
    const { palette, marks } = this.#look
    for (const { properties } of this.#sites.features) {
      if (this.#map.hasImage(properties.image)) continue
      this.#map.addImage(properties.image, drawSite(properties, palette, marks), { pixelRatio: imageRatio })
    }
    this.#map.getSource(siteSource)?.setData(this.#sites)
    const selection: Feature[] = this.#selected
      ? [{ type: 'Feature', properties: {}, geometry: { type: 'Point', coordinates: this.#selected } }]
      : []
    this.#map.getSource(selectionSource)?.setData({ type: 'FeatureCollection', features: selection })
    this.#pulse()
  }

  #pulse(): void {
    const waiting = this.#sites.features.filter(({ properties }) => properties.waiting).slice(-mostPulses)
    const wanted = new Map(
      waiting.map((feature) => [`${feature.properties.id}|${feature.properties.level}`, feature]),
    )
    for (const [key, marker] of this.#pulses) {
      if (wanted.has(key)) continue
      marker.remove()
      this.#pulses.delete(key)
    }
    for (const [key, feature] of wanted) {
      if (this.#pulses.has(key)) continue
      const element = document.createElement('div')
      element.className = 'map-pulse'
      element.dataset.level = feature.properties.level ?? ''
      element.append(document.createElement('i'), document.createElement('i'))
      const marker = this.#engine.createMarker(element)
      marker.setLngLat(feature.geometry.coordinates as LngLat).addTo(this.#map)
      this.#pulses.set(key, marker)
    }
  }
}
