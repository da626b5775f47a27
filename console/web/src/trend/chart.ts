import type { Level, PointView } from '@farwatch/model'
import uPlot from 'uplot'
import { formatValue } from '../design/number.ts'
import { zone } from '../design/time.ts'
import type { Span, TrendSeries } from './series.ts'

export interface AlertSpan extends Span {
  readonly level: Level
}

/** What the chart reads each time it draws; its owner replaces it. */
export interface ChartContent {
  series: TrendSeries
  window: Span
  alerts: readonly AlertSpan[]
  words: { readonly gap: string; readonly marks: Readonly<Record<Level, string>> }
}

export function dataOf(series: TrendSeries): uPlot.AlignedData {
  return [series.timesS, series.values, series.high, series.low] as unknown as uPlot.AlignedData
}

/** Colours come from the style sheet's variables, so the chart is always in the page's theme. */
export function createChart(
  host: HTMLElement,
  point: PointView,
  options: {
    readonly content: ChartContent
    readonly onHover: (at: { timeMs: number; value: number | null } | undefined) => void
  },
): uPlot {
  const { content, onHover } = options
  const style = getComputedStyle(host)
  const colour = (name: string) => style.getPropertyValue(name).trim()
  const font = `11px ${style.fontFamily}`
  const line = colour('--trend')
  const isState = point.type === 'state'
  const stepped = isState && uPlot.paths.stepped ? uPlot.paths.stepped({ align: 1 }) : undefined
  const axis: uPlot.Axis = {
    stroke: colour('--text-3'),
    font,
    grid: { stroke: colour('--grid'), width: 1 },
    ticks: { show: false },
  }

  return new uPlot(
    {
      width: host.clientWidth,
      height: host.clientHeight,
      padding: [12, 12, 0, 0],
      legend: { show: false },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), zone),
      cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false } },
      scales: {
        x: { time: true, range: () => [content.window.fromMs / 1_000, content.window.toMs / 1_000] },
        y: { range: (_plot, low, high) => (isState ? [-0.15, 1.15] : rangeOf(point, low, high)) },
      },
      axes: [
        { ...axis, size: 26, space: 64, values: timeLabels },
        {
          ...axis,
          size: 46,
          space: 30,
          splits: isState ? () => [0, 1] : undefined,
          values: (_plot, splits) => splits.map((value) => formatValue(value)),
        },
      ],
      series: [
        {},
        { stroke: line, width: 1.75, points: { show: false }, spanGaps: false, paths: stepped },
        { stroke: 'transparent', points: { show: false }, spanGaps: false },
        { stroke: 'transparent', points: { show: false }, spanGaps: false },
      ],
      bands: [{ series: [2, 3], fill: colour('--trend-band') }],
      hooks: {
        drawClear: [(plot) => drawBehind(plot, point, content, colour)],
        draw: [(plot) => drawLimits(plot, point, content, { colour, font })],
        setCursor: [
          (plot) => {
            const index = plot.cursor.idx
            const timeS = index == null ? undefined : plot.data[0][index]
            onHover(
              timeS === undefined
                ? undefined
                : { timeMs: timeS * 1_000, value: plot.data[1]?.[index!] ?? null },
            )
          },
        ],
      },
    },
    dataOf(content.series),
    host,
  )
}

/** Limits and the normal band stay in view: a value means nothing without them. */
function rangeOf(point: PointView, low: number | null, high: number | null): uPlot.Range.MinMax {
  const marks = [...point.limits.map((limit) => limit.value), ...(point.normal ?? [])]
  const all = [low, high, ...marks].filter(
    (value): value is number => value !== null && Number.isFinite(value),
  )
  if (all.length === 0) return [0, 1]
  const [min, max] = [Math.min(...all), Math.max(...all)]
  const room = (max - min || Math.abs(max) || 1) * 0.08
  return [min >= 0 && min - room < 0 ? 0 : min - room, max + room]
}

function timeLabels(plot: uPlot, splits: number[]): string[] {
  return splits.map((seconds) => {
    const date = plot.axes[0] && uPlot.tzDate(new Date(seconds * 1_000), zone)
    if (!date) return ''
    const pad = (n: number) => String(n).padStart(2, '0')
    return `${pad(date.getHours())}:${pad(date.getMinutes())}${date.getSeconds() ? `:${pad(date.getSeconds())}` : ''}`
  })
}

type Colour = (name: string) => string

function drawBehind(plot: uPlot, point: PointView, content: ChartContent, colour: Colour): void {
  const { ctx } = plot
  const { left, top, width, height } = plot.bbox
  const x = (ms: number) => Math.min(Math.max(plot.valToPos(ms / 1_000, 'x', true), left), left + width)
  const y = (value: number) => plot.valToPos(value, 'y', true)
  const ratio = devicePixelRatio
  ctx.save()
  ctx.beginPath()
  ctx.rect(left, top, width, height)
  ctx.clip()
  if (point.normal && point.type === 'number') {
    const [low, high] = point.normal
    ctx.fillStyle = colour('--trend-normal')
    ctx.fillRect(left, y(high), width, y(low) - y(high))
  }
  for (const span of content.alerts) {
    const [from, to] = [x(span.fromMs), x(span.toMs)]
    if (to <= left || from >= left + width) continue
    ctx.globalAlpha = 0.13
    ctx.fillStyle = colour(`--${span.level}`)
    ctx.fillRect(from, top, Math.max(to - from, 2), height)
    ctx.globalAlpha = 1
    ctx.fillRect(from, top, Math.max(to - from, 2), 3 * ratio)
  }
  ctx.strokeStyle = colour('--hatch')
  ctx.lineWidth = ratio
  for (const gap of content.series.gaps) {
    const [from, to] = [x(gap.fromMs), x(gap.toMs)]
    if (to - from < 2 * ratio) continue
    ctx.save()
    ctx.beginPath()
    ctx.rect(from, top, to - from, height)
    ctx.clip()
    ctx.beginPath()
    for (let at = from - height; at < to; at += 7 * ratio) {
      ctx.moveTo(at, top + height)
      ctx.lineTo(at + height, top)
    }
    ctx.stroke()
    ctx.restore()
  }
  ctx.restore()
}

function drawLimits(
  plot: uPlot,
  point: PointView,
  content: ChartContent,
  { colour, font }: { colour: Colour; font: string },
): void {
  const { ctx } = plot
  const { left, top, width, height } = plot.bbox
  const ratio = devicePixelRatio
  ctx.save()
  ctx.font = font.replace(/^(\d+)px/, (_all, size) => `${Number(size) * ratio}px`)
  for (const limit of point.limits) {
    const at = plot.valToPos(limit.value, 'y', true)
    if (at < top || at > top + height) continue
    ctx.strokeStyle = colour(`--${limit.level}`)
    ctx.lineWidth = 1.25 * ratio
    ctx.setLineDash([5 * ratio, 4 * ratio])
    ctx.beginPath()
    ctx.moveTo(left, at)
    ctx.lineTo(left + width, at)
    ctx.stroke()
    ctx.setLineDash([])
    const label = `${content.words.marks[limit.level]} ${formatValue(limit.value)}`
    const room = 5 * ratio
    const [wide, high] = [ctx.measureText(label).width + 2 * room, 16 * ratio]
    const edge = Math.max(top, Math.min(at - high / 2, top + height - high))
    ctx.fillStyle = colour('--surface-2')
    ctx.fillRect(left + room, edge, wide, high)
    ctx.fillStyle = colour(`--${limit.level}-ink`)
    ctx.textAlign = 'left'
    ctx.textBaseline = 'middle'
    ctx.fillText(label, left + 2 * room, edge + high / 2 + ratio)
  }
  ctx.textAlign = 'center'
  ctx.textBaseline = 'middle'
  for (const gap of content.series.gaps) {
    const from = Math.max(plot.valToPos(gap.fromMs / 1_000, 'x', true), left)
    const to = Math.min(plot.valToPos(gap.toMs / 1_000, 'x', true), left + width)
    const wide = ctx.measureText(content.words.gap).width + 10 * ratio
    if (to - from < wide + 6 * ratio) continue
    const [x, y] = [(from + to) / 2, top + height * 0.62]
    ctx.fillStyle = colour('--surface-2')
    ctx.fillRect(x - wide / 2, y - 9 * ratio, wide, 18 * ratio)
    ctx.fillStyle = colour('--text-3')
    ctx.fillText(content.words.gap, x, y + ratio)
  }
  ctx.restore()
}
