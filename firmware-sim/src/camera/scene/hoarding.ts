import type { SKRSContext2D } from '@napi-rs/canvas'
import { disc, horizon, line, type View, width } from './view.ts'

/** The fence behind the site, with its spray line, and the flag at the gate. */
export function drawHoarding(c: SKRSContext2D, view: View): void {
  const y = horizon - 6
  const h = 40
  for (let x = 0; x < width; x += 46) {
    const panel = c.createLinearGradient(x, 0, x + 46, 0)
    panel.addColorStop(0, '#2f6fa8')
    panel.addColorStop(0.5, '#3b80bb')
    panel.addColorStop(1, '#28608f')
    c.fillStyle = panel
    c.fillRect(x, y, 46, h)
    c.fillStyle = '#e9edf0'
    c.fillRect(x, y + 6, 46, 5)
    c.fillStyle = 'rgba(10,25,40,0.35)'
    c.fillRect(x + 44, y, 2, h)
  }
  c.fillStyle = '#b9b2a6'
  c.fillRect(0, y + h - 7, width, 9)
  drawSpray(c, view, y)
  drawFlag(c, view)
}

function drawSpray(c: SKRSContext2D, { sun, wind, fromRight, timeMs }: View, y: number): void {
  if (sun.daylight < 0.3) return
  const lean = Math.min(14, wind * 4) * (fromRight ? -1 : 1)
  for (let x = 20; x < width; x += 62) {
    const pulse = 0.8 + 0.2 * Math.sin(timeMs / 900 + x)
    for (let i = 0; i < 4; i++) {
      disc(c, `rgba(255,255,255,${0.09 * pulse})`, x + lean * i * 0.5, y - 5 - i * 6, 5 + i * 3.5, 5 + i * 2)
    }
  }
}

function drawFlag(c: SKRSContext2D, { wind, fromRight, timeMs }: View): void {
  const x = 1_012
  line(c, '#d7d7d5', 3, x, horizon - 92, x, horizon + 36)
  const way = fromRight ? -1 : 1
  const lift = Math.min(1, wind / 4)
  c.fillStyle = '#e0b12f'
  c.beginPath()
  c.moveTo(x, horizon - 90)
  for (let i = 0; i <= 10; i++) {
    const part = i / 10
    c.lineTo(
      x + way * 44 * part * (0.35 + 0.65 * lift),
      horizon - 90 + part * 24 * (1 - lift) + Math.sin(timeMs / 220 + i * 0.9) * 3 * part,
    )
  }
  for (let i = 10; i >= 0; i--) {
    const part = i / 10
    c.lineTo(
      x + way * 44 * part * (0.35 + 0.65 * lift),
      horizon - 64 + part * 24 * (1 - lift) + Math.sin(timeMs / 220 + i * 0.9) * 3 * part,
    )
  }
  c.fill()
}
