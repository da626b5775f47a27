import type { SKRSContext2D } from '@napi-rs/canvas'

/**
 * A stroke font, since a machine may have no fonts: each glyph is polylines on a grid 4 wide and 6 high, `xy` pairs of
 * digits, lines parted by spaces.
 */
const strokes: Readonly<Record<string, string>> = {
  '0': '103041453616050110',
  '1': '112026 1636',
  '2': '01103041420646',
  '3': '0110304142334445361605 1333',
  '4': '36300444',
  '5': '400002324345361605',
  '6': '413010010516364544330403',
  '7': '004016',
  '8': '103041423313020110 1304051636454433',
  '9': '05163645413010010213334241',
  A: '0602204246 0444',
  C: '4130100105163645',
  D: '00062645412000',
  E: '40000646 0333',
  G: '41301001051636454323',
  H: '0006 4046 0343',
  I: '1030 2026 1636',
  L: '000646',
  M: '0600234046',
  N: '06004640',
  O: '100105163645413010',
  P: '06003041423303',
  R: '06003041423303 2346',
  S: '4130100102133344453616 1605',
  T: '0040 2026',
  '-': '0343',
  ':': '2122 2425',
  '.': '2526',
  '%': '4006 0011 3546',
}

/** Width of a text, pixels, at a cap height of `size`. */
export function textWidth(text: string, size: number): number {
  return (text.length * 6 - 2) * (size / 6)
}

/** Draws capitals, digits and `- : . %`; other characters leave a gap. `x`, `y` is the top left corner. */
export function drawText(
  c: SKRSContext2D,
  text: string,
  { x, y, size, colour }: { x: number; y: number; size: number; colour: string },
): void {
  const unit = size / 6
  c.save()
  c.lineCap = 'round'
  c.lineJoin = 'round'
  for (const [stroke, thickness] of [
    ['rgba(0,0,0,0.65)', unit * 1.9],
    [colour, unit * 0.95],
  ] as const) {
    c.strokeStyle = stroke
    c.lineWidth = thickness
    c.beginPath()
    Array.from(text).forEach((character, place) => {
      for (const polyline of (strokes[character] ?? '').split(' ')) {
        for (let i = 0; i + 1 < polyline.length; i += 2) {
          const px = x + (place * 6 + Number(polyline[i])) * unit
          const py = y + Number(polyline[i + 1]) * unit
          if (i === 0) c.moveTo(px, py)
          else c.lineTo(px, py)
        }
      }
    })
    c.stroke()
  }
  c.restore()
}
