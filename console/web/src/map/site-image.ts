import type { Level } from '@farwatch/model'
import { levelShapes } from '../design/levels.ts'
import { siteIcons } from '../design/site-icons.ts'
import type { SiteFeature } from './features.ts'
import type { Palette } from './palette.ts'

/** Edge of a site's image in CSS pixels. */
const box = 38

export const imageRatio = 2

/**
 * A site's symbol: a chip with the drawing of its kind. An open alert fills the chip and adds the level's own shape and
 * character; a silent site is hollow and dashed; an unregistered one is dotted.
 */
export function drawSite(
  feature: Pick<SiteFeature, 'kind' | 'condition' | 'level'>,
  palette: Palette,
  marks: Readonly<Record<Level, string>>,
): ImageData {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = box * imageRatio
  const context = canvas.getContext('2d')
  if (context === null) return new ImageData(canvas.width, canvas.height)
  context.scale(imageRatio, imageRatio)
  const { kind, condition, level } = feature
  const centre = box / 2
  const radius = level === null ? 13.5 : 15.5
  const tone = level === null ? undefined : palette.level[level]

  context.beginPath()
  context.arc(centre, centre, radius, 0, 2 * Math.PI)
  context.save()
  context.shadowColor = 'rgba(0,0,0,0.35)'
  context.shadowBlur = 5 * imageRatio
  context.shadowOffsetY = imageRatio
  context.fillStyle = tone?.fill ?? (condition === 'normal' ? palette.chip : palette.halo)
  context.fill()
  context.restore()
  context.lineWidth = condition === 'normal' ? 1.25 : 1.75
  context.strokeStyle = tone ? palette.halo : condition === 'normal' ? palette.chipLine : palette.muted
  if (condition === 'silent') context.setLineDash([4, 3.07])
  if (condition === 'unregistered') context.setLineDash([1.2, 2.8])
  context.stroke()
  context.setLineDash([])

  context.save()
  const size = level === null ? 16 : 18
  context.translate(centre - size / 2, centre - size / 2)
  context.scale(size / 24, size / 24)
  context.strokeStyle = tone?.on ?? (condition === 'normal' ? palette.glyph : palette.muted)
  context.lineWidth = 1.9
  context.lineCap = context.lineJoin = 'round'
  context.stroke(new Path2D(siteIcons[kind]))
  context.restore()

  if (level !== null && tone) drawBadge(context, level, { palette, mark: marks[level] })
  return context.getImageData(0, 0, canvas.width, canvas.height)
}

function drawBadge(
  context: CanvasRenderingContext2D,
  level: Level,
  { palette, mark }: { palette: Palette; mark: string },
): void {
  const size = 17
  context.save()
  context.translate(box - size - 0.5, 0.5)
  context.scale(size / 20, size / 20)
  const shape = new Path2D(levelShapes[level])
  context.fillStyle = palette.halo
  context.strokeStyle = palette.level[level].fill
  context.lineWidth = 2
  context.fill(shape)
  context.stroke(shape)
  context.fillStyle = palette.siteText
  context.font = '700 12.5px "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif'
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.fillText(mark, 10, 10.9)
  context.restore()
}
