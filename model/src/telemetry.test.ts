import { expect, test } from 'vitest'
import { parseTelemetry } from './telemetry.ts'

test('F3 plain telemetry with and without a time', () => {
  expect(parseTelemetry('{"ts":1795420000000,"values":{"so2":12.3,"fan":true}}')).toEqual({
    telemetry: {
      timeMs: 1_795_420_000_000,
      values: new Map([
        ['so2', 12.3],
        ['fan', 1],
      ]),
    },
  })
  expect(parseTelemetry('{"温度":-3}')).toEqual({
    telemetry: { timeMs: undefined, values: new Map([['温度', -3]]) },
  })
})

test.each([
  ['{"so2": NaN}', /^not JSON: found .*NaN/],
  ['{}', /^no values$/],
  ['{"values":{}}', /^no values$/],
  ['[1]', /^message: found a list/],
  ['null', /^message: found null/],
  ['12', /^message: found 12/],
  ['{"so2":"12"}', /^so2: found text "12", expected a number/],
  ['{"so2":1e999}', /^so2: found an infinite number/],
  ['{"so2":null}', /^so2: found null/],
  ['{"so2":{"v":1}}', /^so2: found an object/],
  ['{"so2 high":1}', /^"so2 high": expected a name/],
  [`{"${'x'.repeat(65)}":1}`, /expected a name of 1 to 64/],
  ['{"ts":-1,"values":{"a":1}}', /^ts: found -1, expected whole milliseconds/],
  ['{"ts":1.5,"values":{"a":1}}', /^ts: found 1.5/],
  ['{"ts":253402300800000,"values":{"a":1}}', /up to year 9999/],
  ['{"ts":"2026","values":{"a":1}}', /^ts: found text "2026"/],
  ['{"ts":1,"values":{"a":1},"unit":"mg"}', /^"unit": unknown beside "ts" and "values"/],
  ['{"ts":1,"values":3}', /^values: found 3/],
])('F8 %s is refused with what was found', (text, problem) => {
  expect(parseTelemetry(text)).toEqual({ problem: expect.stringMatching(problem) })
})

test('F8 more values than one message may hold are refused', () => {
  const text = JSON.stringify(Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`m${i}`, i])))
  expect(parseTelemetry(text)).toEqual({ problem: 'more than 1000 values' })
})

test('J6 nesting that JSON.parse takes and JSON.stringify does not is refused like anything else', () => {
  const deep = '['.repeat(30_000) + ']'.repeat(30_000)
  expect(parseTelemetry(`{"ts":${deep},"values":{"a":1}}`)).toEqual({
    problem: expect.stringMatching(/^ts: found a list/),
  })
  expect(parseTelemetry(`{"a":${deep}}`)).toEqual({ problem: expect.stringMatching(/^a: found a list/) })
})

test.each([
  '{"a":1,"a":2}',
  '{"values":{"a":1,"b":2,"a":3}}',
  '{"ts":1,"ts":2,"values":{"a":1}}',
  '{"values":{"a":1},"values":{"a":1}}',
  '{"a":{"deep":"text"},"a":2}',
  '{"\\u0061":1,"a":2}',
])('J6 a name that stands twice is refused, for nobody knows which value was meant: %s', (text) => {
  expect(parseTelemetry(text)).toEqual({ problem: 'a name stands there more than once' })
})

test('a name may be spelt with escapes', () => {
  expect(parseTelemetry('{"\\u0061":1,"\\u6e29":2}')).toMatchObject({
    telemetry: {
      values: new Map([
        ['a', 1],
        ['温', 2],
      ]),
    },
  })
})
