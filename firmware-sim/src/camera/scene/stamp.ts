import type { SKRSContext2D } from '@napi-rs/canvas'
import { drawText, textWidth } from './glyphs.ts'
import type { Box } from './people.ts'
import { height, width } from './view.ts'

/** Burns the local time (Asia/Shanghai) and the camera's name into the picture, as cameras do. */
export function drawStamp(c: SKRSContext2D, timeMs: number, camera: string): void {
  const local = new Date(timeMs + 8 * 3_600_000).toISOString()
  const text = `${local.slice(0, 10)} ${local.slice(11, 19)}`
  drawText(c, text, { x: 28, y: 26, size: 24, colour: '#ffffff' })
  drawText(c, camera, { x: width - 28 - textWidth(camera, 20), y: height - 46, size: 20, colour: '#ffffff' })
}

/** The detector's box with its label and score. */
export function drawDetection(c: SKRSContext2D, { x, y, w, h }: Box, text: string): void {
  c.strokeStyle = '#ff2d20'
  c.lineWidth = 3
  c.strokeRect(x, y, w, h)
  c.fillStyle = '#ff2d20'
  c.fillRect(x - 1.5, y - 27, textWidth(text, 14) + 18, 27)
  drawText(c, text, { x: x + 8, y: y - 20, size: 14, colour: '#ffffff' })
}
