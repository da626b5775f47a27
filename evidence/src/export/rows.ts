import { type Series, timeSources } from '@farwatch/model'

/** First line of a readings file. */
export const rowHeader = 'point,time,value,quality,time_source,source,received'

/** Where a reading is proven: `GATEWAY/CHAIN/SEQ` of a batch, or `seal/CHAIN/SEQ#INDEX` of a record under a seal. */
export type Source = string

/** One reading as `readings/NNNN.csv` has it; all texts are free of commas and quotes by their nature. */
export interface Row {
  readonly point: string
  /** ISO 8601, UTC, milliseconds. */
  readonly time: string
  /** Shortest decimal that reads back as the same float64; empty where there was no value. */
  readonly value: string
  /** Upper half of an OPC UA status code, hex; 0000 is good. */
  readonly quality: string
  readonly timeSource: string
  readonly source: Source
  /** When the centre received it. */
  readonly received: string
}

export const rowFields = ['point', 'time', 'value', 'quality', 'timeSource', 'source', 'received'] as const

export function rowsOf(
  series: Series,
  { source, receivedMs }: { source: Source; receivedMs: number },
): Row[] {
  const received = new Date(receivedMs).toISOString()
  return Array.from(series.timesMs, (timeMs, i) => ({
    point: series.point,
    time: new Date(timeMs).toISOString(),
    value: textOf(series.values[i]!),
    quality: series.qualities[i]!.toString(16).padStart(4, '0'),
    timeSource: series.timeSource,
    ...{ source, received },
  }))
}

export function lineOf(row: Row): string {
  return rowFields.map((field) => row[field]).join(',')
}

/** Undefined where the line has not the seven fields of one. */
export function rowOf(line: string): Row | undefined {
  const parts = line.split(',')
  if (parts.length !== rowFields.length) return undefined
  const [point, time, value, quality, timeSource, source, received] = parts as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  return { point, time, value, quality, timeSource, source, received }
}

/** The series that these rows of one point and source were written from, or undefined where they cannot have been. */
export function seriesOfRows(rows: readonly Row[]): Series | undefined {
  const [first] = rows
  const timeSource = timeSources.find((known) => known === first?.timeSource)
  if (first === undefined || timeSource === undefined) return undefined
  const timesMs = Float64Array.from(rows, ({ time }) => Date.parse(time))
  const qualities = Uint16Array.from(rows, ({ quality }) => Number.parseInt(quality, 16))
  const values = Float64Array.from(rows, ({ value }) => (value === '' ? Number.NaN : Number(value)))
  return { point: first.point, timeSource, timesMs, values, qualities }
}

function textOf(value: number): string {
  if (Number.isNaN(value)) return ''
  return Object.is(value, -0) ? '-0' : String(value)
}
