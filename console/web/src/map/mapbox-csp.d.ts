declare module 'mapbox-gl/dist/mapbox-gl-csp.js' {
  const mapboxgl: {
    workerUrl: string
    Map: new (options: object) => unknown
    Marker: new (options: { element: HTMLElement }) => unknown
  }
  export default mapboxgl
}
