import type { SKRSContext2D } from '@napi-rs/canvas'
import { height, line, polygon, width } from './view.ts'

/** What is near the camera: the gate post, the barrier and its cabinet, safety cones. */
export function drawGate(c: SKRSContext2D): void {
  polygon(c, '#6f7377', width - 96, 250, width - 44, 250, width - 34, height, width - 104, height)
  polygon(c, '#8b9094', width - 96, 250, width - 84, 250, width - 90, height, width - 104, height)
  polygon(c, '#c6392d', width - 97, 330, width - 42, 330, width - 41, 366, width - 98, 366)
  polygon(c, '#eceff0', width - 98, 366, width - 41, 366, width - 40, 402, width - 99, 402)
  polygon(c, '#d9a521', 1_016, height - 120, 1_074, height - 120, 1_078, height, 1_012, height)
  polygon(c, '#b88813', 1_060, height - 120, 1_074, height - 120, 1_078, height, 1_062, height)
  drawBarrier(c)
  for (const [x, y, s] of [
    [392, height - 30, 1.25],
    [498, height - 66, 0.95],
    [566, height - 96, 0.75],
  ] as const) {
    drawCone(c, x, y, s)
  }
}

function drawBarrier(c: SKRSContext2D): void {
  const angle = -1.18
  const reach = 420
  const stripes = 12
  const end = (part: number) =>
    [1_044 + Math.cos(angle) * reach * part, height - 106 + Math.sin(angle) * reach * part] as const
  for (let i = 0; i < stripes; i++) {
    const [x0, y0] = end(i / stripes)
    const [x1, y1] = end((i + 1) / stripes)
    line(c, i % 2 === 0 ? '#e8e9e6' : '#cf3527', 10 - i * 0.25, x0, y0, x1, y1)
  }
}

function drawCone(c: SKRSContext2D, x: number, y: number, s: number): void {
  polygon(
    c,
    'rgba(0,0,0,0.25)',
    x - 20 * s,
    y + 2,
    x + 28 * s,
    y + 2,
    x + 20 * s,
    y + 8 * s,
    x - 16 * s,
    y + 8 * s,
  )
  polygon(c, '#b93d14', x - 19 * s, y, x + 19 * s, y, x + 21 * s, y + 5 * s, x - 21 * s, y + 5 * s)
  polygon(c, '#ea5a1d', x - 13 * s, y, x + 13 * s, y, x + 3 * s, y - 42 * s, x - 3 * s, y - 42 * s)
  polygon(
    c,
    '#f1efe9',
    x - 9.4 * s,
    y - 13 * s,
    x + 9.4 * s,
    y - 13 * s,
    x + 6.8 * s,
    y - 23 * s,
    x - 6.8 * s,
    y - 23 * s,
  )
  polygon(c, 'rgba(0,0,0,0.14)', x + 4 * s, y, x + 13 * s, y, x + 3 * s, y - 42 * s, x + 1 * s, y - 42 * s)
}
