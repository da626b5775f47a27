import type { SKRSContext2D } from '@napi-rs/canvas'
import { css, rgb } from './colour.ts'
import { horizon, line, polygon, type View } from './view.ts'

const left = 455
const right = 800
const floor = 47
const floors = 7
const base = horizon + 50
/** The side that turns away from the camera. */
const depth = 95

/** The block of flats that is being built: slabs and columns, the lower floors walled, netting and scaffold outside. */
export function drawTower(c: SKRSContext2D, view: View): void {
  const top = base - floors * floor
  drawSide(c)
  for (let level = 0; level < floors; level++) drawFloor(c, view, level)
  drawRoof(c, view, top)
  drawNetting(c, view, top)
  drawHoist(c, view, top)
}

function drawSide(c: SKRSContext2D): void {
  const rise = 26
  for (let level = 0; level < floors; level++) {
    const y = base - (level + 1) * floor
    const k = rise * (1 - (level / floors) * 0.55)
    polygon(c, '#4c4b49', right, y, right + depth, y + k * 0.4, right + depth, y + floor, right, y + floor)
    if (level < 4)
      polygon(
        c,
        '#8b847a',
        right + 6,
        y + 8,
        right + depth - 4,
        y + 14,
        right + depth - 4,
        y + floor,
        right + 6,
        y + floor,
      )
    polygon(
      c,
      '#8f8b85',
      right,
      y - 4,
      right + depth,
      y + k * 0.4 - 4,
      right + depth,
      y + k * 0.4 + 3,
      right,
      y + 4,
    )
    for (const part of [0.33, 0.66, 1]) {
      const x = right + depth * part
      polygon(c, '#7b7772', x - 5, y + 4, x, y + 6, x, y + floor, x - 5, y + floor)
    }
  }
}

function drawFloor(c: SKRSContext2D, { site }: View, level: number): void {
  const y = base - (level + 1) * floor
  const inner = c.createLinearGradient(0, y, 0, y + floor)
  inner.addColorStop(0, '#33312f')
  inner.addColorStop(1, '#6b6761')
  c.fillStyle = inner
  c.fillRect(left, y, right - left, floor)
  const bays = 6
  const bay = (right - left) / bays
  for (let i = 0; i < bays; i++) {
    const x = left + i * bay
    if (level < 4) {
      c.fillStyle = ['#b7ab9b', '#b1a595', '#bcb1a2'][Math.floor(site.pick(level * 10 + i) * 3)]!
      c.fillRect(x + 3, y + 5, bay - 6, floor - 5)
      c.fillStyle = level < 3 ? '#4a5a66' : '#3a3836'
      c.fillRect(x + bay * 0.22, y + 12, bay * 0.5, floor - 24)
      c.fillStyle = 'rgba(255,255,255,0.25)'
      if (level < 3) c.fillRect(x + bay * 0.22, y + 12, bay * 0.12, floor - 24)
    } else if (level === 6 || site.pick(level * 10 + i) > 0.45) {
      for (const part of [0.25, 0.5, 0.75])
        line(c, '#7f7059', 2, x + bay * part, y + 5, x + bay * part, y + floor)
    }
    c.fillStyle = '#a9a49d'
    c.fillRect(x - 4, y, 8, floor)
  }
  c.fillStyle = '#a9a49d'
  c.fillRect(right - 8, y, 8, floor)
  c.fillStyle = '#bdb8b0'
  c.fillRect(left - 6, y - 4, right - left + 6, 8)
  c.fillStyle = 'rgba(0,0,0,0.25)'
  c.fillRect(left, y + 4, right - left, 4)
}

function drawRoof(c: SKRSContext2D, { site }: View, top: number): void {
  for (let i = 0; i < 44; i++) {
    const x = left + 4 + i * 8
    line(c, '#6e4a38', 1.6, x, top - 4, x + (site.pick(300 + i) - 0.5) * 3, top - 18 - site.pick(400 + i) * 9)
  }
  c.fillStyle = '#c79a4e'
  for (let i = 0; i < 3; i++) c.fillRect(left + 40 + i * 96, top - 16, 62, 12)
  line(c, '#d4c04a', 2, left - 6, top - 26, right + 4, top - 26)
  for (let x = left - 6; x <= right + 4; x += 32) line(c, '#d4c04a', 2, x, top - 26, x, top - 4)
}

function drawNetting(c: SKRSContext2D, { site, wind, timeMs }: View, top: number): void {
  const flutter = Math.sin(timeMs / 700) * Math.min(3, wind)
  const x0 = left - 16
  for (let level = 1; level < 5; level++) {
    const y = base - (level + 1) * floor
    for (let i = 0; i < 3; i++) {
      const x = x0 + i * 60
      const hem = (site.pick(600 + level * 10 + i) - 0.5) * 6 + flutter
      polygon(
        c,
        css(rgb('#2f8f5b'), 0.72 + 0.12 * site.pick(700 + level * 10 + i)),
        x,
        y,
        x + 58,
        y,
        x + 58 + hem * 0.3,
        y + floor - 2,
        x + hem * 0.3,
        y + floor - 2,
      )
      line(c, 'rgba(255,255,255,0.16)', 1, x + 20 + hem, y, x + 18 + hem, y + floor)
      line(c, 'rgba(0,0,0,0.14)', 2, x + 42 + hem, y, x + 45 + hem, y + floor)
    }
  }
  for (let x = x0; x <= x0 + 186; x += 31) line(c, '#5f6468', 2.4, x, top - 30, x, base)
  for (let y = top - 14; y < base; y += floor / 2) line(c, '#73797d', 1.6, x0 - 4, y, x0 + 186, y)
  for (let y = top; y < base - floor; y += floor * 2)
    line(c, '#82888c', 1.4, x0, y + floor * 2, x0 + 62, y, x0 + 124, y + floor * 2, x0 + 186, y)
}

/** The builder's lift on the right, somewhere between ground and roof. */
function drawHoist(c: SKRSContext2D, { timeMs, site }: View, top: number): void {
  const x = right - 46
  line(c, '#8d6b2b', 3, x, top - 40, x, base)
  line(c, '#8d6b2b', 3, x + 12, top - 40, x + 12, base)
  for (let y = top - 40; y < base; y += 12) line(c, '#8d6b2b', 1, x, y, x + 12, y + 12)
  const place = (site.smooth(timeMs, 70_000) + 1) / 2
  const y = base - 44 - place * (base - top - 40)
  c.fillStyle = '#d8862c'
  c.fillRect(x + 14, y, 26, 36)
  c.fillStyle = 'rgba(30,30,30,0.55)'
  c.fillRect(x + 18, y + 7, 18, 16)
}
