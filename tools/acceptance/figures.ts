import { z } from 'zod'

/** Where benches append their lines, from the repository's root. */
export const figuresFile = '.acceptance/figures.jsonl'

/** One line of a bench's output. */
export const Figure = z.object({
  bench: z.string(),
  metric: z.string(),
  value: z.number(),
  unit: z.string(),
  against: z.object({ name: z.string(), value: z.number() }).optional(),
  ratio: z.number().optional(),
})
export type Figure = z.infer<typeof Figure>

/**
 * The last figure of each metric of each bench (and of each reference it was measured against), in the order of their
 * first appearance. @throws Error naming the line that is no figure.
 */
export function parseFigures(text: string): Figure[] {
  const last = new Map<string, Figure>()
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    let figure: Figure
    try {
      figure = Figure.parse(JSON.parse(line))
    } catch (cause) {
      throw new Error(`${figuresFile}:${i + 1} is no line of a bench`, { cause })
    }
    last.set(`${figure.bench} ${figure.metric} ${figure.against?.name}`, figure)
  }
  return [...last.values()]
}

/** `ingest rows_per_s 210,000 1/s = 0.70 × binary COPY, same run (300,000)` */
export function formatFigure({ bench, metric, value, unit, against, ratio }: Figure): string {
  const reference =
    against === undefined
      ? ''
      : ` = ${(ratio ?? value / against.value).toFixed(2)} × ${against.name} (${round(against.value)})`
  return `${bench} ${metric} ${round(value)} ${unit}${reference}`
}

function round(value: number): string {
  return new Intl.NumberFormat('en', { maximumSignificantDigits: 3 }).format(value)
}
