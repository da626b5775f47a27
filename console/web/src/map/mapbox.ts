import 'mapbox-gl/dist/mapbox-gl.css'
// The build for a strict CSP: its worker is a file of our own origin, not a blob.
import mapboxgl from 'mapbox-gl/dist/mapbox-gl-csp.js'
import workerUrl from 'mapbox-gl/dist/mapbox-gl-csp-worker.js?url'
import type { Engine, GlMap, GlMarker } from './engine.ts'

mapboxgl.workerUrl = workerUrl

export const engine: Engine = {
  kind: 'mapbox',
  createMap: (options) => new mapboxgl.Map(options) as GlMap,
  createMarker: (element) => new mapboxgl.Marker({ element }) as GlMarker,
}
