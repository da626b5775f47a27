import type { SKRSContext2D } from '@napi-rs/canvas'
import { createNoise } from '../../values/noise.ts'
import { blend, css, type Rgb, rgb } from './colour.ts'
import { disc, horizon, type View, width } from './view.ts'

const night: readonly [Rgb, Rgb] = [rgb('#0a1020'), rgb('#232b3d')]
const day: readonly [Rgb, Rgb] = [rgb('#3f7fc4'), rgb('#c3dbee')]
const overcast: readonly [Rgb, Rgb] = [rgb('#8c99a6'), rgb('#ccd2d6')]
const dusk: readonly [Rgb, Rgb] = [rgb('#4a5e91'), rgb('#f6a55c')]
const dust = rgb('#cfc4ae')

/** Colour of the air at the horizon: what far things fade into. */
export function airColour({ sun, clouds, haze }: View): Rgb {
  const clear = blend(day[1], overcast[1], clouds * 0.9)
  const light = blend(blend(clear, dust, haze * 0.6), dusk[1], sun.glow * (1 - clouds * 0.6) * 0.75)
  return blend(night[1], light, sun.daylight)
}

export function drawSky(c: SKRSContext2D, view: View): void {
  const { sun, clouds } = view
  const top = blend(
    night[0],
    blend(blend(day[0], overcast[0], clouds * 0.9), dusk[0], sun.glow * 0.8),
    sun.daylight,
  )
  const gradient = c.createLinearGradient(0, 0, 0, horizon)
  gradient.addColorStop(0, css(top))
  gradient.addColorStop(0.75, css(blend(top, airColour(view), 0.75)))
  gradient.addColorStop(1, css(airColour(view)))
  c.fillStyle = gradient
  c.fillRect(0, 0, width, horizon + 20)
  if (sun.daylight < 0.4) drawStars(c, view)
  drawSun(c, view)
  drawClouds(c, view)
}

function drawStars(c: SKRSContext2D, { site, clouds, sun }: View): void {
  const brightness = (1 - clouds) * (1 - sun.daylight * 2.5)
  for (let i = 0; i < 60; i++) {
    const x = site.pick(1_000 + i) * width
    const y = site.pick(2_000 + i) * horizon * 0.7
    disc(
      c,
      css(rgb('#dfe8ff'), brightness * (0.2 + 0.5 * site.pick(3_000 + i))),
      x,
      y,
      0.6 + site.pick(4_000 + i),
    )
  }
}

/** The camera looks south: the sun goes from left to right. */
function drawSun(c: SKRSContext2D, { sun, clouds }: View): void {
  if (sun.elevation < -3) return
  const x = width * (0.5 + (sun.hour - 12) / 11)
  const y = horizon - 20 - sun.elevation * 8
  const colour = blend(rgb('#fff6e0'), rgb('#ffb765'), sun.glow)
  const halo = c.createRadialGradient(x, y, 4, x, y, 230)
  const strength = 1 - clouds * 0.8
  halo.addColorStop(0, css(colour, 0.95 * strength))
  halo.addColorStop(0.1, css(colour, 0.5 * strength))
  halo.addColorStop(1, css(colour, 0))
  c.fillStyle = halo
  c.fillRect(0, 0, width, horizon + 20)
}

function drawClouds(c: SKRSContext2D, view: View): void {
  const { sun, clouds, timeMs, wind, fromRight } = view
  const count = Math.round(4 + clouds * 16)
  const white = blend(rgb('#ffffff'), rgb('#b8bfc8'), clouds)
  const lit = blend(rgb('#2a3244'), blend(white, rgb('#ffc290'), sun.glow * 0.8), sun.daylight)
  const shade = blend(lit, rgb('#5d6c86'), 0.4)
  for (let i = 0; i < count; i++) {
    const shape = createNoise(i, 'cloud')
    const speed = (0.4 + shape.pick(0)) * (1 + wind) * 0.0008 * (fromRight ? -1 : 1)
    const span = width + 600
    const x = ((((shape.pick(1) * span + timeMs * speed) % span) + span) % span) - 300
    const y = 30 + shape.pick(2) * horizon * 0.62
    const size = 36 + shape.pick(3) * 60 + clouds * 40
    for (let part = 0; part < 9; part++) {
      const dx = (part - 4) * size * 0.42 + (shape.pick(10 + part) - 0.5) * size * 0.5
      const r = size * (0.75 - Math.abs(part - 4) * 0.12) * (0.7 + 0.5 * shape.pick(30 + part))
      const dy = -r * 0.35 + (shape.pick(50 + part) - 0.5) * size * 0.12
      const puff = c.createRadialGradient(x + dx, y + dy - r * 0.2, r * 0.05, x + dx, y + dy, r)
      puff.addColorStop(0, css(lit, 0.34))
      puff.addColorStop(0.6, css(blend(lit, shade, 0.3), 0.17))
      puff.addColorStop(1, css(shade, 0))
      c.fillStyle = puff
      c.fillRect(x + dx - r, y + dy - r, 2 * r, 2 * r)
    }
  }
}
