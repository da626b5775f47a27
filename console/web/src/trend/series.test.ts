import { describe, expect, test } from 'vitest'
import { trendSeries } from './series.ts'

const raw = (timeMs: number, value: number | null, quality = 0) => ({ timeMs, value, quality })
const tail = (timeMs: number, value: number | null, quality = 0) => ({
  timeMs,
  receivedMs: timeMs,
  value,
  quality,
})

describe('F5 a trend shows gaps as gaps', () => {
  test('F5 a line is broken where more than three intervals are missing', () => {
    const series = trendSeries(
      { stepMs: null, rows: [raw(0, 1), raw(1_000, 2), raw(9_000, 3), raw(10_000, 4)] },
      [],
      { fromMs: 0, toMs: 10_000, intervalS: 1 },
    )
    expect(series.timesS).toEqual([0, 1, 5, 9, 10])
    expect(series.values).toEqual([1, 2, null, 3, 4])
    expect(series.gaps).toEqual([{ fromMs: 1_000, toMs: 9_000 }])
  })

  test('F5 before the first and after the last value there is a gap too, and nothing but one without any', () => {
    const window = { fromMs: 0, toMs: 60_000, intervalS: 1 }
    expect(trendSeries({ stepMs: null, rows: [raw(30_000, 1)] }, [], window).gaps).toEqual([
      { fromMs: 0, toMs: 30_000 },
      { fromMs: 30_000, toMs: 60_000 },
    ])
    expect(trendSeries({ stepMs: null, rows: [] }, [], window).gaps).toEqual([{ fromMs: 0, toMs: 60_000 }])
  })

  test('F5 a bad reading is no part of the line, and many of them are a gap; an uncertain one counts', () => {
    const rows = Array.from({ length: 11 }, (_, i) =>
      raw(i * 1_000, i, i > 2 && i < 8 ? 0x808c : i === 9 ? 0x4090 : 0),
    )
    const series = trendSeries({ stepMs: null, rows }, [], { fromMs: 0, toMs: 10_000, intervalS: 1 })
    expect(series.values).toEqual([0, 1, 2, null, null, null, null, null, 8, 9, 10])
    expect(series.gaps).toEqual([{ fromMs: 2_000, toMs: 8_000 }])
  })

  test('F5 a step that is absent breaks the line of means; ranges come along', () => {
    const step = (timeMs: number) => ({ timeMs, min: 1, avg: 2, max: 3, count: 6 })
    const series = trendSeries({ stepMs: 60_000, rows: [step(0), step(60_000), step(180_000)] }, [], {
      fromMs: 0,
      toMs: 180_000,
      intervalS: 10,
    })
    expect(series.values).toEqual([2, 2, null, 2])
    expect(series.low[0]).toBe(1)
    expect(series.high[0]).toBe(3)
  })

  test('F5 a slow point is not torn apart by a fine step', () => {
    const step = (timeMs: number) => ({ timeMs, min: 1, avg: 2, max: 3, count: 1 })
    const series = trendSeries({ stepMs: 60_000, rows: [step(0), step(3_600_000), step(7_200_000)] }, [], {
      fromMs: 0,
      toMs: 7_200_000,
      intervalS: 3_600,
    })
    expect(series.gaps).toEqual([])
  })

  test('F5 live values are appended, those the history has already are not doubled', () => {
    const series = trendSeries(
      { stepMs: null, rows: [raw(0, 1), raw(1_000, 2)] },
      [tail(1_000, 2), tail(2_000, 3)],
      { fromMs: 0, toMs: 2_000, intervalS: 1 },
    )
    expect(series.timesS).toEqual([0, 1, 2])
    expect(series.values).toEqual([1, 2, 3])
  })
})
