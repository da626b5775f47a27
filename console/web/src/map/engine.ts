import type { FeatureCollection } from 'geojson'
import type { MapStyle } from './style.ts'

export type EngineKind = 'maplibre' | 'mapbox'

/** `GET /api/config` */
export interface ConsoleConfig {
  readonly mapboxToken: string | null
  readonly version: string
}

/** MapLibre needs neither token nor network, so it is the engine unless somebody brought a token for the other. */
export function chooseEngine(config: Pick<ConsoleConfig, 'mapboxToken'>): EngineKind {
  return config.mapboxToken ? 'mapbox' : 'maplibre'
}

export type Bounds = [west: number, south: number, east: number, north: number]
export type LngLat = [longitude: number, latitude: number]

/** What both libraries are given to begin with. */
export interface MapOptions {
  readonly container: HTMLElement
  readonly style: MapStyle
  readonly bounds: Bounds
  readonly fitBoundsOptions: { readonly padding: number }
  readonly maxBounds: Bounds
  readonly minZoom: number
  readonly maxZoom: number
  readonly attributionControl: false
  readonly dragRotate: false
  readonly pitchWithRotate: false
  readonly touchPitch: false
  readonly fadeDuration: number
  /** Labels are drawn with the page's own fonts: no glyph server exists. */
  readonly localIdeographFontFamily: string
  /** Mapbox GL alone: its name for "every script locally", and the token. */
  readonly localFontFamily?: string
  readonly accessToken?: string
}

/** The part of both libraries' `Map` that the console uses. */
export interface GlMap {
  on(event: string, listener: (event: GlEvent) => void): unknown
  on(event: string, layer: string, listener: (event: GlEvent) => void): unknown
  once(event: string, listener: (event: GlEvent) => void): unknown
  off(event: string, listener: (event: GlEvent) => void): unknown
  setStyle(style: MapStyle, options: { diff: boolean }): unknown
  getSource(id: string): GlSource | undefined
  hasImage(id: string): boolean
  addImage(id: string, image: ImageData, options: { pixelRatio: number }): unknown
  fitBounds(bounds: Bounds, options: { padding: number | Padding; duration: number }): unknown
  easeTo(options: {
    center: LngLat
    zoom: number
    duration: number
    offset: readonly [x: number, y: number]
  }): unknown
  getZoom(): number
  zoomIn(): unknown
  zoomOut(): unknown
  project(at: LngLat): { x: number; y: number }
  getCanvas(): HTMLCanvasElement
  resize(): unknown
  remove(): void
}

export interface Padding {
  readonly top: number
  readonly right: number
  readonly bottom: number
  readonly left: number
}

export interface GlEvent {
  readonly features?: readonly { readonly properties?: Readonly<Record<string, unknown>> | null }[]
  readonly error?: unknown
}

export interface GlSource {
  setData(data: FeatureCollection): unknown
}

export interface GlMarker {
  setLngLat(at: LngLat): GlMarker
  addTo(map: GlMap): GlMarker
  remove(): unknown
}

export interface Engine {
  readonly kind: EngineKind
  createMap(options: MapOptions): GlMap
  createMarker(element: HTMLElement): GlMarker
}

const fonts = '"PingFang SC", "HarmonyOS Sans SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif'

/** Everything handed to the library for a new map. */
export function mapOptions(
  kind: EngineKind,
  given: { container: HTMLElement; style: MapStyle; bounds: Bounds; token: string | null },
): MapOptions {
  const [west, south, east, north] = given.bounds
  return {
    container: given.container,
    style: given.style,
    bounds: given.bounds,
    fitBoundsOptions: { padding: 36 },
    maxBounds: [west - 2.4, south - 1.6, east + 2.4, north + 1.6],
    minZoom: 6,
    maxZoom: 17,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    fadeDuration: 120,
    localIdeographFontFamily: fonts,
    ...(kind === 'mapbox' ? { localFontFamily: fonts, accessToken: given.token ?? '' } : {}),
  }
}

/** Fetches the library's code, which is no part of the page until a map is wanted. */
export async function loadEngine(kind: EngineKind): Promise<Engine> {
  const { engine } = kind === 'mapbox' ? await import('./mapbox.ts') : await import('./maplibre.ts')
  return engine
}
