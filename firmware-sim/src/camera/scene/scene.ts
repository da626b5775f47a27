import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas'
import { css, rgb } from './colour.ts'
import { drawCrane } from './crane.ts'
import { drawGate } from './gate.ts'
import { drawGround, drawStores } from './ground.ts'
import { drawHoarding } from './hoarding.ts'
import { drawDarkness, drawLamps } from './lamps.ts'
import { drawMachines } from './machines.ts'
import { type Box, bareHeaded, boxOf, drawFigure, workers } from './people.ts'
import { airColour, drawSky } from './sky.ts'
import { drawSkyline } from './skyline.ts'
import { drawDetection, drawStamp } from './stamp.ts'
import { drawTower } from './tower.ts'
import { height, horizon, type View, width } from './view.ts'

const quality = 78

export interface Picture {
  readonly jpeg: Buffer
  /** Where the person without a helmet is, if one is there. */
  readonly box: Box | null
}

/** The building site as the gate camera sees it, 1280 × 720, JPEG. */
export async function takePicture(view: View, camera: string): Promise<Picture> {
  const canvas = createCanvas(width, height)
  const c = canvas.getContext('2d')
  drawSky(c, view)
  drawSkyline(c, view)

  const site = createCanvas(width, height)
  const person = drawSite(site.getContext('2d'), view)
  c.drawImage(site, 0, 0)
  drawLamps(c, view)
  drawLens(c)
  const box = person === null ? null : boxOf(person)
  if (box !== null && view.detection !== null) {
    drawDetection(c, box, `NO-HELMET ${Math.round(view.detection.score * 100)}%`)
  }
  drawStamp(c, view.timeMs, camera)
  return { jpeg: await canvas.encode('jpeg', quality), box }
}

/** Everything the site's own light falls on, in daylight colours, then darkened and tinted as the hour asks. */
function drawSite(c: SKRSContext2D, view: View) {
  const person = bareHeaded(view)
  drawGround(c)
  drawHoarding(c, view)
  drawStores(c, view)
  drawTower(c, view)
  drawCrane(c, view)
  drawHaze(c, view)
  drawMachines(c, view)
  for (const figure of workers(view)) drawFigure(c, figure)
  drawGate(c)
  if (person !== null) drawFigure(c, person)

  const { sun, clouds } = view
  const darkness = createCanvas(width, height)
  drawDarkness(darkness.getContext('2d'), view)
  c.globalCompositeOperation = 'source-atop'
  c.fillStyle = css(rgb('#ff8a3c'), 0.2 * sun.glow * (1 - clouds * 0.7))
  c.fillRect(0, 0, width, height)
  c.drawImage(darkness, 0, 0)
  return person
}

/** Dusty air between the camera and what stands far back. */
function drawHaze(c: SKRSContext2D, view: View): void {
  const colour = airColour(view)
  const air = c.createLinearGradient(0, horizon - 220, 0, height)
  const strength = 0.12 + view.haze * 0.5
  air.addColorStop(0, css(colour, strength * 0.8))
  air.addColorStop(0.45, css(colour, strength))
  air.addColorStop(1, css(colour, 0))
  c.globalCompositeOperation = 'source-atop'
  c.fillStyle = air
  c.fillRect(0, 0, width, height)
  c.globalCompositeOperation = 'source-over'
}

function drawLens(c: SKRSContext2D): void {
  const vignette = c.createRadialGradient(width / 2, height / 2, 380, width / 2, height / 2, 800)
  vignette.addColorStop(0, 'rgba(0,0,0,0)')
  vignette.addColorStop(1, 'rgba(0,0,0,0.45)')
  c.fillStyle = vignette
  c.fillRect(0, 0, width, height)
}
