import type { SKRSContext2D } from '@napi-rs/canvas'
import { horizon, line, polygon, type View } from './view.ts'

const yellow = '#e3a81c'
const shade = '#a87708'
const mastX = 322
const mastTop = 74
const mastWidth = 20

/** A tower crane that slews slowly, its trolley and hook on their way with a bundle of steel. */
export function drawCrane(c: SKRSContext2D, { timeMs, site }: View): void {
  drawMast(c)
  const turn = site.smooth(timeMs, 240_000) * 0.55
  const reach = 0.78 + 0.22 * Math.cos(turn * 2)
  const jib = 585 * reach
  const counter = 150 * reach
  const y = mastTop + 10
  const dip = turn * 12
  drawBoom(c, { from: mastX, to: mastX + jib, y, rise: -dip, depth: 20 })
  drawBoom(c, { from: mastX, to: mastX - counter, y, rise: dip * 0.25, depth: 14 })
  const apex = mastTop - 46
  line(c, shade, 3, mastX - 8, y - 10, mastX, apex, mastX + 8, y - 10)
  for (const part of [0.35, 0.78])
    line(c, '#4d4a44', 1.4, mastX, apex, mastX + jib * part, y - 20 - dip * part)
  line(c, '#4d4a44', 1.4, mastX, apex, mastX - counter * 0.9, y - 12)
  c.fillStyle = '#77726a'
  c.fillRect(mastX - counter - 2, y - 4, 34, 34)
  c.fillStyle = '#6a655d'
  c.fillRect(mastX - counter + 14, y - 4, 3, 34)
  c.fillStyle = '#e8e4da'
  c.fillRect(mastX + 8, y + 2, 24, 28)
  c.fillStyle = '#37505f'
  c.fillRect(mastX + 15, y + 6, 15, 14)
  drawHook(c, {
    x: mastX + jib * (0.42 + 0.3 * site.smooth(timeMs, 95_000)),
    y: y + 4,
    drop: 92 + 62 * site.smooth(timeMs, 60_000),
    sway: Math.sin(timeMs / 1_900) * 4,
  })
  c.fillStyle = '#c8452f'
  c.fillRect(mastX - 3, apex - 8, 6, 8)
}

function drawMast(c: SKRSContext2D): void {
  const bottom = horizon + 66
  line(c, yellow, 4, mastX - mastWidth / 2, mastTop, mastX - mastWidth / 2, bottom)
  line(c, shade, 4, mastX + mastWidth / 2, mastTop, mastX + mastWidth / 2, bottom)
  for (let y = mastTop, flip = 1; y < bottom; y += 20, flip = -flip) {
    line(
      c,
      yellow,
      1.8,
      mastX - (flip * mastWidth) / 2,
      y,
      mastX + (flip * mastWidth) / 2,
      Math.min(bottom, y + 20),
    )
    line(c, shade, 1.6, mastX - mastWidth / 2, y, mastX + mastWidth / 2, y)
  }
  polygon(
    c,
    '#8d8a84',
    mastX - 34,
    bottom - 6,
    mastX + 34,
    bottom - 6,
    mastX + 44,
    bottom + 12,
    mastX - 44,
    bottom + 12,
  )
  c.fillStyle = '#6c5a1c'
  c.fillRect(mastX - 15, mastTop - 2, 30, 14)
}

function drawBoom(
  c: SKRSContext2D,
  { from, to, y, rise, depth }: { from: number; to: number; y: number; rise: number; depth: number },
): void {
  const bays = Math.max(4, Math.round(Math.abs(to - from) / 24))
  const at = (i: number) => [from + ((to - from) * i) / bays, y + (rise * i) / bays] as const
  const thin = (i: number) => depth * (1 - (0.35 * i) / bays)
  for (let i = 0; i < bays; i++) {
    const [x0, y0] = at(i)
    const [x1, y1] = at(i + 1)
    const middle = (x0 + x1) / 2
    line(c, shade, 1.6, x0, y0, middle, (y0 + y1) / 2 - thin(i), x1, y1)
    line(c, yellow, 2.6, x0, y0, x1, y1)
    if (i < bays - 1)
      line(
        c,
        yellow,
        2,
        middle,
        (y0 + y1) / 2 - thin(i),
        middle + (to - from) / bays,
        y1 + rise / bays / 2 - thin(i + 1),
      )
  }
}

function drawHook(
  c: SKRSContext2D,
  { x, y, drop, sway }: { x: number; y: number; drop: number; sway: number },
): void {
  c.fillStyle = '#5b5a57'
  c.fillRect(x - 12, y - 4, 24, 8)
  line(c, '#3c3a37', 1.4, x - 4, y, x + sway - 2, y + drop)
  line(c, '#3c3a37', 1.4, x + 4, y, x + sway + 2, y + drop)
  polygon(
    c,
    '#d2541f',
    x + sway - 6,
    y + drop,
    x + sway + 6,
    y + drop,
    x + sway + 4,
    y + drop + 14,
    x + sway - 4,
    y + drop + 14,
  )
  line(c, '#3c3a37', 1.2, x + sway, y + drop + 14, x + sway - 44, y + drop + 40)
  line(c, '#3c3a37', 1.2, x + sway, y + drop + 14, x + sway + 44, y + drop + 40)
  c.fillStyle = '#7a5644'
  c.fillRect(x + sway - 54, y + drop + 40, 108, 8)
  c.fillStyle = '#5e4032'
  c.fillRect(x + sway - 54, y + drop + 45, 108, 3)
}
