import { helmetDetector } from '../values/city-processes.ts'
import type { Script } from './script.ts'

/** Somebody without a helmet passes the gate camera. */
export const helmet: Script = {
  id: 'helmet',
  title: { zh: '未戴安全帽', en: 'No helmet at the gate' },
  tracks: [
    {
      point: helmetDetector,
      shape: 'line',
      keyframes: [
        { atS: 0, value: 0.71 },
        { atS: 10, value: 0.92 },
        { atS: 20, value: 0.88 },
        { atS: 25, value: 'natural' },
      ],
    },
  ],
}
