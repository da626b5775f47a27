import type { Script } from './script.ts'

/** Ethanol leaks in the cellar while its fan stands; after four minutes ventilation restores the air. */
export const s1: Script = {
  id: 'S1',
  title: { zh: '酒库乙醇泄漏,风机停运', en: 'Ethanol leak in the cellar, fan stopped' },
  tracks: [
    {
      point: 'E01/cellar/fan1',
      shape: 'step',
      keyframes: [
        { atS: 0, value: 0 },
        { atS: 240, value: 'natural' },
      ],
    },
    {
      point: 'E01/cellar/LEL01',
      shape: 'line',
      keyframes: [
        { atS: 0, value: 2 },
        { atS: 90, value: 28 },
        { atS: 130, value: 28.7 },
        { atS: 175, value: 27.6 },
        { atS: 240, value: 28.2 },
        { atS: 330, value: 'natural' },
      ],
    },
    {
      point: 'E01/cellar/LEL02',
      shape: 'line',
      keyframes: [
        { atS: 0, value: 'natural' },
        { atS: 90, value: 15 },
        { atS: 150, value: 15.4 },
        { atS: 240, value: 14.8 },
        { atS: 330, value: 'natural' },
      ],
    },
  ],
}
