import type { SKRSContext2D } from '@napi-rs/canvas'
import type { Noise } from '../../values/noise.ts'
import type { Sun } from './sun.ts'

export const width = 1280
export const height = 720
/** Where the ground begins. */
export const horizon = 430

/** What the camera looks at. */
export interface View {
  readonly timeMs: number
  readonly sun: Sun
  /** Share of the sky that clouds cover, 0–1. */
  readonly clouds: number
  /** 0 clear, 1 the skyline is gone: dust and mist. */
  readonly haze: number
  /** m/s, and whether it blows from right to left in the picture. */
  readonly wind: number
  readonly fromRight: boolean
  /** The same for every picture of a site. */
  readonly site: Noise
  /** How sure the detector is of somebody without a helmet; null with nobody there. */
  readonly detection: { readonly score: number; readonly approach: number } | null
}

/** Draws a closed polygon through `x, y` pairs. */
export function polygon(c: SKRSContext2D, fill: string, ...points: number[]): void {
  c.fillStyle = fill
  c.beginPath()
  for (let i = 0; i < points.length; i += 2) c.lineTo(points[i]!, points[i + 1]!)
  c.closePath()
  c.fill()
}

export function line(c: SKRSContext2D, stroke: string, thickness: number, ...points: number[]): void {
  c.strokeStyle = stroke
  c.lineWidth = thickness
  c.beginPath()
  for (let i = 0; i < points.length; i += 2) c.lineTo(points[i]!, points[i + 1]!)
  c.stroke()
}

export function disc(c: SKRSContext2D, fill: string, x: number, y: number, rx: number, ry = rx): void {
  c.fillStyle = fill
  c.beginPath()
  c.ellipse(x, y, rx, ry, 0, 0, 2 * Math.PI)
  c.fill()
}
