import type { SKRSContext2D } from '@napi-rs/canvas'
import { blend, css, rgb } from './colour.ts'
import { airColour } from './sky.ts'
import { horizon, type View, width } from './view.ts'

/** The town beyond the site in two rows, the farther the paler; windows shine at night. */
export function drawSkyline(c: SKRSContext2D, view: View): void {
  const { site, sun, haze } = view
  const air = airColour(view)
  for (const row of [0, 1]) {
    const distance = 0.82 - row * 0.2 + haze * 0.16
    const wall = blend(blend(rgb('#1b2231'), rgb('#5d6a78'), sun.daylight), air, distance)
    let x = -20
    for (let i = 0; x < width; i++) {
      const w = 34 + site.pick(100 * row + i) * 70
      const tall = site.pick(500 + 100 * row + i)
      const h = 24 + tall * tall * (120 - row * 45)
      c.fillStyle = css(wall)
      c.fillRect(x, horizon - h, w, h + 12)
      if (tall > 0.7) c.fillRect(x + w * 0.35, horizon - h - 8, w * 0.3, 8)
      drawWindows(c, view, { x, w, h, row, i })
      x += w + site.pick(900 + i) * 26
    }
  }
}

function drawWindows(
  c: SKRSContext2D,
  { site, sun, haze }: View,
  { x, w, h, row, i }: { x: number; w: number; h: number; row: number; i: number },
): void {
  const dark = 1 - sun.daylight
  if (dark < 0.3) return
  for (let wx = x + 5, n = 0; wx < x + w - 6; wx += 9) {
    for (let wy = horizon - h + 8; wy < horizon - 6; wy += 11, n++) {
      if (site.pick(10_000 + row * 40_000 + i * 400 + n) > 0.3) continue
      c.fillStyle = css(rgb('#ffdf9e'), dark * (0.75 - haze * 0.4))
      c.fillRect(wx, wy, 3, 4)
    }
  }
}
