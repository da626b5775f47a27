import type { SKRSContext2D } from '@napi-rs/canvas'
import { disc, horizon, line, polygon, type View } from './view.ts'

/** The excavator by the heaps, and a tipper lorry that comes up the road in working hours. */
export function drawMachines(c: SKRSContext2D, view: View): void {
  drawExcavator(c, view)
  drawLorry(c, view)
}

function drawExcavator(c: SKRSContext2D, { timeMs, site }: View): void {
  c.save()
  c.translate(1_048, horizon + 96)
  disc(c, 'rgba(0,0,0,0.22)', 6, 6, 86, 9)
  c.fillStyle = '#2e2c2a'
  c.beginPath()
  c.roundRect(-62, -18, 118, 24, 12)
  c.fill()
  for (const x of [-48, -24, 0, 24, 42]) disc(c, '#55524e', x, -6, 7)
  polygon(c, '#e2a21b', -60, -22, 50, -22, 50, -42, 34, -58, -44, -58, -60, -44)
  polygon(c, '#b97f0d', -60, -22, 50, -22, 50, -27, -60, -27)
  polygon(c, '#f0b93a', -34, -58, 4, -58, 0, -92, -28, -92)
  polygon(c, '#2f4450', -30, -62, -2, -62, -5, -88, -26, -88)
  const swing = site.smooth(timeMs, 9_000) * 12
  line(c, '#e2a21b', 13, -38, -48, -92, -118 + swing, -140, -80 + swing)
  line(c, '#c78e14', 9, -140, -82 + swing, -150, -26 + swing * 0.6)
  line(c, '#6a6761', 4, -58, -62, -96, -108 + swing)
  polygon(
    c,
    '#57534d',
    -164,
    -30 + swing * 0.6,
    -138,
    -32 + swing * 0.6,
    -134,
    -8 + swing * 0.6,
    -152,
    2 + swing * 0.4,
    -168,
    -8 + swing * 0.6,
  )
  c.restore()
}

function drawLorry(c: SKRSContext2D, { timeMs, sun }: View): void {
  const cycleMs = 180_000
  const part = (timeMs % cycleMs) / cycleMs
  if (sun.daylight < 0.2 || part > 0.6) return
  const near = Math.min(1, part / 0.35)
  c.save()
  c.translate(852 - near * 8, horizon + 92 + near * 30)
  c.scale(0.62 + near * 0.34, 0.62 + near * 0.34)
  disc(c, 'rgba(0,0,0,0.25)', 0, 2, 70, 8)
  polygon(c, '#8d3a2b', -50, -84, 50, -84, 56, -110, -56, -110)
  polygon(c, '#6f2c20', -50, -84, 50, -84, 50, -76, -50, -76)
  polygon(c, '#4a7a50', -52, -110, 52, -110, 30, -120, -30, -120)
  c.fillStyle = '#c9503a'
  c.beginPath()
  c.roundRect(-46, -78, 92, 62, 6)
  c.fill()
  polygon(c, '#22343f', -38, -72, 38, -72, 42, -46, -42, -46)
  polygon(c, 'rgba(255,255,255,0.2)', -30, -72, -8, -72, -22, -46, -40, -46)
  c.fillStyle = '#2b2a29'
  c.fillRect(-46, -22, 92, 14)
  c.fillRect(-44, -10, 20, 12)
  c.fillRect(24, -10, 20, 12)
  for (const x of [-36, 36]) disc(c, '#ffeebf', x, -29, 6, 5)
  c.fillStyle = '#e9edf2'
  c.fillRect(-12, -19, 24, 8)
  c.restore()
}
