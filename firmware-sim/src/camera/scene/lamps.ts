import type { SKRSContext2D } from '@napi-rs/canvas'
import { blend, css, rgb } from './colour.ts'
import { disc, height, type View, width } from './view.ts'

/** Each lamp, and the middle and half-width of the ground it lights. */
const floodlights = [
  { x: 322, y: 190, aimX: 430, aimY: 560, reach: 330 },
  { x: 800, y: 150, aimX: 700, aimY: 600, reach: 360 },
  { x: 1_205, y: 262, aimX: 960, aimY: 580, reach: 340 },
] as const

/** Darkness over the whole picture with holes where the floodlights shine; `c` holds nothing else. */
export function drawDarkness(c: SKRSContext2D, { sun, clouds }: View): void {
  const dark = 1 - sun.daylight
  c.fillStyle = css(
    blend(rgb('#050a17'), rgb('#3d4650'), sun.daylight),
    0.8 * dark + 0.14 * clouds * sun.daylight,
  )
  c.fillRect(0, 0, width, height)
  if (dark < 0.25) return
  c.globalCompositeOperation = 'destination-out'
  for (const { aimX, aimY, reach } of floodlights) {
    c.save()
    c.translate(aimX, aimY)
    c.scale(1, 0.72)
    fade(c, { r: reach, colour: '#000000', alpha: 0.62 * dark, core: 0.5 })
    c.restore()
  }
}

/** Light that comes straight to the camera, and its warmth on the ground, added over the darkened picture. */
export function drawLamps(c: SKRSContext2D, { sun, timeMs }: View): void {
  const dark = 1 - sun.daylight
  c.save()
  c.globalCompositeOperation = 'lighter'
  if (dark > 0.25) {
    for (const { x, y, aimX, aimY, reach } of floodlights) {
      for (const [r, alpha] of [
        [150, 0.16],
        [46, 0.5],
        [12, 1],
      ] as const) {
        c.save()
        c.translate(x, y)
        fade(c, { r, colour: '#fff4d8', alpha: alpha * dark, core: 0.2 })
        c.restore()
      }
      c.save()
      c.translate(aimX, aimY)
      c.scale(1, 0.6)
      fade(c, { r: reach, colour: '#ffcf85', alpha: 0.13 * dark, core: 0.45 })
      c.restore()
    }
  }
  if (timeMs % 2_000 < 1_200) {
    disc(c, css(rgb('#ff3a28'), 0.3 + 0.6 * dark), 322, 26, 4)
    c.translate(322, 26)
    fade(c, { r: 24, colour: '#ff3a28', alpha: 0.5 * dark, core: 0.2 })
  }
  c.restore()
}

/** A soft disc around the origin: full to `core` of its radius at about half strength, then out to nothing. */
function fade(
  c: SKRSContext2D,
  { r, colour, alpha, core }: { r: number; colour: string; alpha: number; core: number },
): void {
  const light = c.createRadialGradient(0, 0, 0, 0, 0, r)
  for (const [at, strength] of [
    [0, 1],
    [core * 0.5, 0.82],
    [core, 0.45],
    [(1 + core) / 2, 0.13],
    [1, 0],
  ] as const) {
    light.addColorStop(at, css(rgb(colour), alpha * strength))
  }
  c.fillStyle = light
  c.fillRect(-r, -r, 2 * r, 2 * r)
}
