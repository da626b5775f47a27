import type { SKRSContext2D } from '@napi-rs/canvas'
import { createNoise } from '../../values/noise.ts'
import { blend, css, rgb } from './colour.ts'
import { height, horizon, line, polygon, type View, width } from './view.ts'

/** Trodden earth and the concrete haul road from the gate. */
export function drawGround(c: SKRSContext2D): void {
  const earth = c.createLinearGradient(0, horizon, 0, height)
  earth.addColorStop(0, '#a3917a')
  earth.addColorStop(0.5, '#937e63')
  earth.addColorStop(1, '#7b684f')
  c.fillStyle = earth
  c.fillRect(0, horizon, width, height - horizon)
  drawSpecks(c)
  drawRoad(c)
}

/** Heaps of sand under green nets, bricks and steel. */
export function drawStores(c: SKRSContext2D, view: View): void {
  drawHeaps(c, view)
  drawStacks(c)
}

function drawSpecks(c: SKRSContext2D): void {
  const grain = createNoise(7, 'earth')
  for (let i = 0; i < 900; i++) {
    const part = grain.pick(i) ** 1.6
    const y = horizon + 6 + part * (height - horizon - 6)
    const size = 1 + part * 5 * grain.pick(3_000 + i)
    const tone = blend(rgb('#5f4e39'), rgb('#bda98c'), grain.pick(1_000 + i))
    c.fillStyle = css(tone, 0.35)
    c.fillRect(grain.pick(2_000 + i) * width, y, size * 3, size * 0.7)
  }
}

function drawRoad(c: SKRSContext2D): void {
  const road = c.createLinearGradient(0, horizon, 0, height)
  road.addColorStop(0, '#a9a49b')
  road.addColorStop(1, '#8f8a82')
  c.fillStyle = road
  c.beginPath()
  c.moveTo(820, horizon + 62)
  c.bezierCurveTo(860, horizon + 120, 700, horizon + 170, 430, height)
  c.lineTo(1130, height)
  c.bezierCurveTo(1060, horizon + 180, 1010, horizon + 110, 930, horizon + 62)
  c.fill()
  for (const [a, b, d] of [
    [860, 790, 600],
    [885, 900, 880],
  ] as const) {
    c.strokeStyle = 'rgba(92, 76, 55, 0.35)'
    c.lineWidth = 11
    c.beginPath()
    c.moveTo(a, horizon + 66)
    c.bezierCurveTo(a + 20, horizon + 130, b, horizon + 180, d, height)
    c.stroke()
  }
}

function drawHeaps(c: SKRSContext2D, { site }: View): void {
  const heap = (x: number, y: number, w: number, h: number, net: boolean) => {
    const body = c.createLinearGradient(x - w / 2, 0, x + w / 2, 0)
    body.addColorStop(0, net ? '#4f8a56' : '#c0a678')
    body.addColorStop(1, net ? '#2e6038' : '#8d7449')
    c.fillStyle = body
    c.beginPath()
    c.moveTo(x - w / 2, y)
    c.bezierCurveTo(x - w * 0.3, y - h * 0.5, x - w * 0.15, y - h, x, y - h)
    c.bezierCurveTo(x + w * 0.2, y - h, x + w * 0.33, y - h * 0.35, x + w / 2, y)
    c.fill()
    if (!net) return
    for (let i = 0; i < 18; i++) {
      const part = site.pick(800 + i)
      const at = x + (part - 0.5) * w * 0.8
      line(
        c,
        'rgba(255,255,255,0.13)',
        1.2,
        at,
        y - 2,
        x + (at - x) * 0.4,
        y - h * (0.75 - Math.abs(part - 0.5)),
      )
    }
  }
  heap(1_120, horizon + 66, 260, 62, true)
  heap(1_232, horizon + 84, 190, 46, false)
  heap(150, horizon + 60, 230, 44, true)
}

function drawStacks(c: SKRSContext2D): void {
  for (let i = 0; i < 6; i++) {
    c.fillStyle = i % 2 === 0 ? '#75503d' : '#86604a'
    c.fillRect(82 - i * 2, horizon + 128 - i * 6, 208, 5)
  }
  for (const x of [96, 266]) {
    c.fillStyle = '#b08d5a'
    c.fillRect(x, horizon + 132, 12, 8)
  }
  for (let row = 0; row < 4; row++) {
    for (let i = 0; i < 9 - row; i++) {
      c.fillStyle = ['#a8583d', '#b4634a', '#9c4f36'][(i * 7 + row * 5) % 3]!
      c.fillRect(326 + i * 15 + row * 7, horizon + 108 - row * 10, 13, 8)
    }
  }
  polygon(c, 'rgba(0,0,0,0.18)', 80, horizon + 140, 300, horizon + 140, 316, horizon + 150, 92, horizon + 150)
}
