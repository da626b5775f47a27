import type { Script } from './script.ts'

/** Dust at the building site: PM10 210 µg/m³ for ten minutes; TSP follows by itself. */
export const s8: Script = {
  id: 'S8',
  title: { zh: '工地扬尘', en: 'Dust at the building site' },
  tracks: [
    {
      point: 'E10/station1/pm10',
      shape: 'line',
      keyframes: [
        { atS: 0, value: 'natural' },
        { atS: 60, value: 210 },
        { atS: 600, value: 210 },
        { atS: 720, value: 'natural' },
      ],
    },
  ],
}
