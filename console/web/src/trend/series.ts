import type { History, LastValue } from '@farwatch/model'

/** Readings at a quality of 0x8000 and above are bad: they are no part of a line (OPC 10000-4, 7.39). */
const bad = 0x8000

export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** Columns for the chart, times in Unix seconds ascending; a null value is a break in the line. */
export interface TrendSeries {
  readonly timesS: readonly number[]
  readonly values: readonly (number | null)[]
  /** Range of each step; equal to the value for raw readings. */
  readonly low: readonly (number | null)[]
  readonly high: readonly (number | null)[]
  /** Where nothing usable was received: drawn as such, never bridged. */
  readonly gaps: readonly Span[]
}

interface Sample {
  readonly timeMs: number
  readonly value: number | null
  readonly low: number | null
  readonly high: number | null
}

/** `tail`: values that came by the socket since `history` was read. `intervalS`: how often the point should report. */
export function trendSeries(
  history: Pick<History, 'rows' | 'stepMs'>,
  tail: readonly LastValue[],
  window: Span & { readonly intervalS: number },
): TrendSeries {
  const samples = [...history.rows.map(sampleOfRow), ...tail.map(sampleOfValue)]
    .filter(({ timeMs }) => timeMs >= window.fromMs && timeMs <= window.toMs)
    .sort((a, b) => a.timeMs - b.timeMs)
  const longest = Math.max(3 * window.intervalS * 1_000, 1.5 * (history.stepMs ?? 0))

  const timesS: number[] = []
  const values: (number | null)[] = []
  const low: (number | null)[] = []
  const high: (number | null)[] = []
  const gaps: Span[] = []
  const push = (sample: Sample) => {
    timesS.push(sample.timeMs / 1_000)
    values.push(sample.value)
    low.push(sample.low)
    high.push(sample.high)
  }
  let goodMs: number | undefined
  for (const sample of samples) {
    if (timesS.at(-1) === sample.timeMs / 1_000) continue
    if (sample.value !== null) {
      const sinceMs = goodMs ?? window.fromMs
      if (sample.timeMs - sinceMs > longest) {
        gaps.push({ fromMs: sinceMs, toMs: sample.timeMs })
        if (goodMs !== undefined && timesS.at(-1) === goodMs / 1_000) {
          push({ timeMs: (goodMs + sample.timeMs) / 2, value: null, low: null, high: null })
        }
      }
      goodMs = sample.timeMs
    }
    push(sample)
  }
  const sinceMs = goodMs ?? window.fromMs
  if (window.toMs - sinceMs > longest) gaps.push({ fromMs: sinceMs, toMs: window.toMs })
  return { timesS, values, low, high, gaps }
}

function sampleOfRow(row: History['rows'][number]): Sample {
  if ('avg' in row) return { timeMs: row.timeMs, value: row.avg, low: row.min, high: row.max }
  return sampleOfValue(row)
}

function sampleOfValue({ timeMs, value, quality }: Pick<LastValue, 'timeMs' | 'value' | 'quality'>): Sample {
  const usable = quality < bad ? value : null
  return { timeMs, value: usable, low: usable, high: usable }
}
