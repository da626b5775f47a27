import { createCanvas, loadImage } from '@napi-rs/canvas'
import { expect, test } from 'vitest'
import { createNoise } from '../../values/noise.ts'
import { takePicture } from './scene.ts'
import { sunAt } from './sun.ts'
import type { View } from './view.ts'

function viewAt(iso: string, change: Partial<View> = {}): View {
  const timeMs = Date.parse(iso)
  return {
    timeMs,
    sun: sunAt(timeMs),
    clouds: 0.4,
    haze: 0.3,
    wind: 2,
    fromRight: true,
    site: createNoise(1, 'site'),
    detection: null,
    ...change,
  }
}

async function pixelsOf(jpeg: Buffer) {
  const image = await loadImage(jpeg)
  const canvas = createCanvas(image.width, image.height)
  const context = canvas.getContext('2d')
  context.drawImage(image, 0, 0)
  return {
    size: [image.width, image.height],
    /** Share of a rectangle's pixels for which `which(r, g, b)` holds. */
    share(
      at: readonly [number, number, number, number],
      which: (r: number, g: number, b: number) => boolean,
    ) {
      const { data } = context.getImageData(...at)
      let count = 0
      for (let i = 0; i < data.length; i += 4) if (which(data[i]!, data[i + 1]!, data[i + 2]!)) count++
      return count / (data.length / 4)
    },
  }
}

test('a picture at any hour and in any weather is a JPEG of 1280 × 720 under 200 kB with its time burnt in', async () => {
  for (const hour of ['03', '06', '09', '12', '17', '21']) {
    for (const weather of [0, 1]) {
      const view = viewAt(`2026-06-21T${hour}:30:00+08:00`, { clouds: weather, haze: weather })
      const { jpeg, box } = await takePicture(view, 'E10-GATE')
      expect(jpeg.length).toBeLessThan(200_000)
      expect(jpeg.length).toBeGreaterThan(20_000)
      expect(box).toBeNull()
      const pixels = await pixelsOf(jpeg)
      expect(pixels.size).toEqual([1280, 720])
      const white = pixels.share([24, 22, 460, 32], (r, g, b) => Math.min(r, g, b) > 225)
      const black = pixels.share([24, 22, 460, 32], (r, g, b) => Math.max(r, g, b) < 70)
      expect(white).toBeGreaterThan(0.05)
      expect(black).toBeGreaterThan(0.03)
    }
  }
})

test('a person without a helmet is boxed in red where the event says', async () => {
  const { jpeg, box } = await takePicture(
    viewAt('2026-11-23T10:30:00+08:00', { detection: { score: 0.9, approach: 0.5 } }),
    'E10-GATE',
  )
  const { x, y, w } = box!
  const red = (r: number, g: number, b: number) => r > 200 && g < 110 && b < 110
  const pixels = await pixelsOf(jpeg)
  expect(pixels.share([x - 1, y - 24, w, 22], red)).toBeGreaterThan(0.3)
  const empty = await pixelsOf((await takePicture(viewAt('2026-11-23T10:30:00+08:00'), 'E10-GATE')).jpeg)
  expect(empty.share([x - 1, y - 24, w, 22], red)).toBeLessThan(0.1)
})

test('the sun of Bozhou: high at noon in June, low in December, under the horizon at midnight', () => {
  const elevation = (iso: string) => sunAt(Date.parse(iso)).elevation
  // 90° − 33.5° ± 23.4°, at solar noon.
  expect(elevation('2026-06-21T12:15:00+08:00')).toBeCloseTo(79.9, 0)
  expect(elevation('2026-12-21T12:15:00+08:00')).toBeCloseTo(33.1, 0)
  expect(elevation('2026-06-21T00:15:00+08:00')).toBeLessThan(-20)
})
