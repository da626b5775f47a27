/** Red, green, blue, 0–255 each. */
export type Rgb = readonly [number, number, number]

/** `#rrggbb` as numbers. */
export function rgb(hex: string): Rgb {
  const number = Number.parseInt(hex.slice(1), 16)
  return [number >> 16, (number >> 8) & 255, number & 255]
}

/** From `a` (0) to `b` (1). */
export function blend(a: Rgb, b: Rgb, part: number): Rgb {
  const at = (i: 0 | 1 | 2) => Math.round(a[i] + (b[i] - a[i]) * Math.min(1, Math.max(0, part)))
  return [at(0), at(1), at(2)]
}

export function css([r, g, b]: Rgb, alpha = 1): string {
  return `rgba(${r}, ${g}, ${b}, ${alpha})`
}
