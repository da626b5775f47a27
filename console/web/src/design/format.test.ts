import { describe, expect, test } from 'vitest'
import { formatValue } from './number.ts'
import { ageParts, clockTime, stamp } from './time.ts'

const text = (ms: number) =>
  ageParts(ms)
    .map(({ n, unit }) => `${n}${unit}`)
    .join(' ')

describe('F5 ages', () => {
  test.each([
    [-5_000, '0s'],
    [999, '0s'],
    [59_999, '59s'],
    [60_000, '1min'],
    [125_000, '2min 5s'],
    [599_999, '9min 59s'],
    [605_000, '10min'],
    [3_600_000, '1h'],
    [3_900_000, '1h 5min'],
    [86_400_000, '1d'],
    [97_200_000, '1d 3h'],
  ])('F5 %i ms is %s', (ms, expected) => expect(text(ms)).toBe(expected))
})

describe('F5 values and times', () => {
  test.each([
    [25, '25'],
    [28.14, '28.1'],
    [2.3, '2.30'],
    [0.05, '0.05'],
    [-14.2, '\u221214.2'],
    [-0.001, '0.00'],
    [1_846.3, '1846'],
    [231.04, '231.0'],
  ])('F5 %d is shown as %s', (value, expected) => expect(formatValue(value)).toBe(expected))

  test('F5 times are the city’s, not the browser’s', () => {
    const ms = Date.UTC(2026, 10, 23, 20, 30, 5)
    expect(clockTime(ms)).toBe('04:30:05')
    expect(stamp(ms, ms + 1_000)).toBe('04:30:05')
    expect(stamp(ms, ms + 86_400_000)).toBe('2026-11-24 04:30')
  })
})
