import type { Script } from './script.ts'

/** Production without treatment: the grinder works, its dust collector stands for 35 minutes. */
export const s2: Script = {
  id: 'S2',
  title: { zh: '生产开、治理停', en: 'Production on, treatment off' },
  tracks: [
    {
      point: 'E03/line/collector',
      shape: 'line',
      keyframes: [
        { atS: 0, value: 'natural' },
        { atS: 20, value: 0.2 },
        { atS: 2_100, value: 0.2 },
        { atS: 2_130, value: 'natural' },
      ],
    },
    {
      point: 'E03/line/grinder',
      shape: 'line',
      keyframes: [
        { atS: 0, value: 'natural' },
        { atS: 20, value: 45 },
        { atS: 2_100, value: 45 },
        { atS: 2_130, value: 'natural' },
      ],
    },
  ],
}

/** The plant simply stands: nothing must come of it. */
export const s2b: Script = {
  id: 'S2b',
  title: { zh: '生产与治理同停', en: 'Production and treatment both off' },
  tracks: [
    {
      point: 'E03/line/grinder',
      shape: 'line',
      keyframes: [
        { atS: 0, value: 'natural' },
        { atS: 15, value: 0 },
        { atS: 2_100, value: 0 },
        { atS: 2_130, value: 'natural' },
      ],
    },
    {
      point: 'E03/line/collector',
      shape: 'line',
      keyframes: [
        { atS: 0, value: 'natural' },
        { atS: 45, value: 'natural' },
        { atS: 60, value: 0 },
        { atS: 2_090, value: 0 },
        { atS: 2_110, value: 'natural' },
      ],
    },
  ],
}
