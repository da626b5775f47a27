import 'maplibre-gl/dist/maplibre-gl.css'
import { Map as MapLibreMap, type MapOptions as MapLibreOptions, Marker, setWorkerUrl } from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'
import type { Engine, GlMap, GlMarker } from './engine.ts'

setWorkerUrl(workerUrl)

export const engine: Engine = {
  kind: 'maplibre',
  // The two libraries agree in what `GlMap` names, though not in their types.
  createMap: (options) => new MapLibreMap(options as unknown as MapLibreOptions) as unknown as GlMap,
  createMarker: (element) => new Marker({ element }) as unknown as GlMarker,
}
