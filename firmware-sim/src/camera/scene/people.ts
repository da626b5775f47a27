import type { SKRSContext2D } from '@napi-rs/canvas'
import { createNoise } from '../../values/noise.ts'
import { disc, height, horizon, line, polygon, type View } from './view.ts'

export interface Figure {
  /** Between the feet. */
  readonly x: number
  readonly y: number
  /** 1 for a person of 100 px. */
  readonly scale: number
  /** Colour of the helmet, or null for bare hair. */
  readonly helmet: string | null
  readonly vest: string
  readonly trousers: string
  /** Phase of the walk in radians; null stands. */
  readonly step: number | null
  /** 1 looks right, -1 left. */
  readonly facing: 1 | -1
}

/** Pixels. */
export interface Box {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

const helmets = ['#f2c51b', '#f2c51b', '#f4f4f0', '#d8402f', '#2d6fc0'] as const
const vests = ['#f26a1b', '#c8e02a', '#f26a1b', '#d6e436'] as const

/** Those at work: few at night. They drift slowly along paths of their own. */
export function workers({ timeMs, sun, site }: View): Figure[] {
  const count = Math.round(3 + sun.daylight * 5)
  return Array.from({ length: count }, (_, i) => {
    const own = createNoise(i, 'worker')
    const wander = own.smooth(timeMs, 80_000)
    const before = own.smooth(timeMs - 1_000, 80_000)
    const walks = Math.abs(wander - before) > 0.006
    const depth = 70 + own.pick(1) ** 1.4 * 120
    return {
      x: 250 + ((i * 0.37 + site.pick(90)) % 1) * 720 + wander * 90,
      y: horizon + depth,
      scale: 0.4 + depth / 260,
      helmet: helmets[i % helmets.length]!,
      vest: vests[i % vests.length]!,
      trousers: i % 2 === 0 ? '#2d3a4d' : '#4c4a3d',
      step: walks ? timeMs / 170 + i : null,
      facing: wander > before ? 1 : -1,
    } satisfies Figure
  }).sort((a, b) => a.y - b.y)
}

/** The one without a helmet, walking in from the left as `approach` goes from 0 to 1. */
export function bareHeaded({ detection, timeMs }: View): Figure | null {
  if (detection === null) return null
  return {
    x: 560 + detection.approach * 130,
    y: height - 118 + detection.approach * 34,
    scale: 1.18 + detection.approach * 0.3,
    helmet: null,
    vest: '#586069',
    trousers: '#33405a',
    step: timeMs / 190,
    facing: 1,
  }
}

/** The box a detector would draw around a figure. */
export function boxOf({ x, y, scale }: Figure): Box {
  return {
    x: Math.round(x - 27 * scale),
    y: Math.round(y - 106 * scale),
    w: Math.round(54 * scale),
    h: Math.round(110 * scale),
  }
}

export function drawFigure(
  c: SKRSContext2D,
  { x, y, scale, helmet, vest, trousers, step, facing }: Figure,
): void {
  c.save()
  c.translate(x, y)
  c.scale(scale * facing, scale)
  c.lineCap = 'round'
  c.lineJoin = 'round'
  const swing = step === null ? 0 : Math.sin(step)
  disc(c, 'rgba(0,0,0,0.28)', 6, 1, 24, 4)
  leg(c, trousers, -4, -swing * 11)
  leg(c, trousers, 4, swing * 11)
  arm(c, vest, -9, swing * 12, true)
  polygon(c, vest, -11, -79, -5, -83, 6, -83, 11, -79, 12, -46, -12, -46)
  polygon(c, 'rgba(0,0,0,0.16)', -12, -46, -11, -79, -5, -83, -4, -46)
  if (helmet !== null) {
    c.fillStyle = '#eef2e6'
    c.fillRect(-12, -62, 24, 4)
    c.fillRect(-8, -82, 3.5, 21)
    c.fillRect(5, -82, 3.5, 21)
  }
  arm(c, vest, 9, -swing * 12, false)
  c.fillStyle = '#b98a68'
  c.fillRect(-3, -88, 7, 7)
  disc(c, '#c99873', 1, -94, 7, 8.5)
  if (helmet === null) drawHair(c)
  else drawHelmet(c, helmet)
  c.restore()
}

function leg(c: SKRSContext2D, colour: string, hip: number, reach: number): void {
  const knee = hip + reach * 0.45 + 1.5
  line(c, colour, 9, hip, -46, knee, -25, hip + reach, -5)
  line(c, '#26221e', 7, hip + reach - 1, -2.5, hip + reach + 5, -2.5)
}

function arm(c: SKRSContext2D, vest: string, shoulder: number, reach: number, behind: boolean): void {
  const elbow = shoulder + reach * 0.35
  line(c, behind ? '#3f4650' : vest, 7, shoulder, -77, elbow, -63)
  line(c, '#3f4c5e', 6, elbow, -63, shoulder + reach * 0.9 + 3, -51)
  disc(c, '#c99873', shoulder + reach * 0.9 + 3, -49, 3.4)
}

function drawHair(c: SKRSContext2D): void {
  c.fillStyle = '#1f1a17'
  c.beginPath()
  c.ellipse(0, -97, 8, 7.5, 0, Math.PI * 0.92, Math.PI * 2.02)
  c.fill()
  c.fillRect(-8, -98, 4, 8)
}

function drawHelmet(c: SKRSContext2D, colour: string): void {
  c.fillStyle = colour
  c.beginPath()
  c.ellipse(0.5, -97, 9.5, 9.5, 0, Math.PI, 2 * Math.PI)
  c.fill()
  c.beginPath()
  c.roundRect(-10, -98.5, 24, 3, 1.5)
  c.fill()
  c.fillStyle = 'rgba(255,255,255,0.45)'
  c.beginPath()
  c.ellipse(-2, -101.5, 3.4, 2.6, -0.5, 0, 2 * Math.PI)
  c.fill()
}
