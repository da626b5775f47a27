import type { FeatureCollection } from 'geojson'
import type { BaseMap } from './basemap.ts'
import type { EngineKind } from './engine.ts'
import type { Palette } from './palette.ts'

/** A style document in the grammar that MapLibre and Mapbox GL share. */
export interface MapStyle {
  readonly version: 8
  readonly sources: Readonly<Record<string, object>>
  readonly layers: readonly StyleLayer[]
  /** Mapbox GL alone: its base map, beneath our layers. */
  readonly imports?: readonly { readonly id: string; readonly url: string }[]
}

export interface StyleLayer {
  readonly id: string
  readonly type: string
  readonly source?: string
  readonly paint?: object
  readonly layout?: object
}

/** Images of sites are named by what they show, so that each is drawn once. */
export const siteLayer = 'sites'
export const siteSource = 'sites'
export const selectionSource = 'selection'

const fontStack = ['Noto Sans CJK SC']

export function mapStyle(
  kind: EngineKind,
  given: { palette: Palette; base: BaseMap; dark: boolean; sites: FeatureCollection },
): MapStyle {
  const { palette, base } = given
  const geojson = (data: FeatureCollection) => ({ type: 'geojson', data })
  const ours = kind === 'maplibre' ? ground(palette) : []
  return {
    version: 8,
    sources: {
      neighbours: geojson(base.neighbours),
      counties: geojson(base.counties),
      grid: geojson(base.grid),
      labels: geojson(base.labels),
      [siteSource]: { ...geojson(given.sites), promoteId: 'id' },
      [selectionSource]: geojson({ type: 'FeatureCollection', features: [] }),
    },
    layers: [...ours, ...borders(palette), ...sites(palette)],
    ...(kind === 'mapbox'
      ? { imports: [{ id: 'base', url: `mapbox://styles/mapbox/${given.dark ? 'dark' : 'light'}-v11` }] }
      : {}),
  }
}

/** Where Mapbox draws its own ground, ours stays away. */
function ground(palette: Palette): StyleLayer[] {
  return [
    { id: 'sea', type: 'background', paint: { 'background-color': palette.sea } },
    { id: 'neighbours', type: 'fill', source: 'neighbours', paint: { 'fill-color': palette.neighbour } },
    {
      id: 'neighbour-lines',
      type: 'line',
      source: 'neighbours',
      paint: { 'line-color': palette.neighbourLine, 'line-width': 1 },
    },
    {
      id: 'city-glow',
      type: 'line',
      source: 'counties',
      layout: { 'line-join': 'round' },
      paint: { 'line-color': palette.cityGlow, 'line-width': 10, 'line-blur': 9 },
    },
    {
      id: 'land',
      type: 'fill',
      source: 'counties',
      paint: {
        'fill-color': [
          'match',
          ['get', 'shade'],
          1,
          palette.land[1],
          2,
          palette.land[2],
          3,
          palette.land[3],
          palette.land[0],
        ],
        'fill-antialias': false,
      },
    },
    { id: 'grid', type: 'line', source: 'grid', paint: { 'line-color': palette.grid, 'line-width': 1 } },
  ]
}

function borders(palette: Palette): StyleLayer[] {
  return [
    {
      id: 'county-lines',
      type: 'line',
      source: 'counties',
      layout: { 'line-join': 'round' },
      paint: {
        'line-color': palette.county,
        'line-width': ['interpolate', ['linear'], ['zoom'], 7, 0.8, 12, 1.6],
      },
    },
    {
      id: 'county-names',
      type: 'symbol',
      source: 'labels',
      layout: {
        'text-field': ['get', 'name'],
        'text-font': fontStack,
        'text-size': ['interpolate', ['linear'], ['zoom'], 7, 12, 10, 17],
        'text-letter-spacing': 0.28,
        'text-padding': 2,
        'text-variable-anchor': ['center', 'bottom', 'top', 'left', 'right'],
        'text-radial-offset': 2,
      },
      paint: { 'text-color': palette.countyText, 'text-halo-color': palette.land[0], 'text-halo-width': 1.2 },
    },
  ]
}

/** Symbols claim their places before names do, as the upper layer is placed first: a name never hides under a symbol. */
function sites(palette: Palette): StyleLayer[] {
  return [
    {
      id: 'selection',
      type: 'circle',
      source: selectionSource,
      paint: {
        'circle-radius': 21,
        'circle-color': 'rgba(0,0,0,0)',
        'circle-stroke-color': palette.siteText,
        'circle-stroke-width': 1.75,
      },
    },
    {
      id: 'site-names',
      type: 'symbol',
      source: siteSource,
      layout: {
        'symbol-sort-key': ['get', 'order'],
        'text-field': ['get', 'name'],
        'text-font': fontStack,
        'text-size': 12.5,
        'text-variable-anchor': ['top', 'left', 'right', 'bottom'],
        // Clear of the ring around what waits or is selected.
        'text-radial-offset': ['case', ['get', 'waiting'], 2.35, 2],
        'text-padding': 0,
        'text-justify': 'auto',
        'text-max-width': 14,
      },
      paint: {
        'text-color': ['case', ['==', ['get', 'condition'], 'normal'], palette.siteText, palette.muted],
        'text-halo-color': palette.halo,
        'text-halo-width': 1.6,
      },
    },
    {
      id: siteLayer,
      type: 'symbol',
      source: siteSource,
      layout: {
        'icon-image': ['get', 'image'],
        'icon-allow-overlap': true,
        'icon-padding': 0,
        'symbol-z-order': 'source',
      },
    },
  ]
}
