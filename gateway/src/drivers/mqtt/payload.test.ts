import { Quality } from '@farwatch/model'
import { expect, test } from 'vitest'
import { MqttAddress, topicOf } from './address.ts'
import { parsePayload } from './payload.ts'

const arrivalMs = 1_795_420_000_000

function parse(payload: string, ...addresses: object[]) {
  const mappings = addresses.map((address, i) => ({
    key: `S/d/p${i}`,
    address: MqttAddress.parse({ topic: 't', ...address }),
  }))
  return parsePayload(Buffer.from(payload), mappings, arrivalMs)
}

const sample = (more: object) => ({
  point: 'S/d/p0',
  timeMs: arrivalMs,
  timeSource: 'gateway',
  quality: Quality.good,
  ...more,
})

test('F2 mqtt: bare numbers, states and nested JSON', () => {
  expect(parse('12.5', {}).samples).toEqual([sample({ value: 12.5 })])
  expect(parse('true', {}).samples).toEqual([sample({ value: 1 })])
  expect(parse('{"nh3":{"ppm":3}}', { path: 'nh3.ppm' }).samples).toEqual([sample({ value: 3 })])
  expect(parse('{"v":[1,2]}', { path: 'v.1' }).samples).toEqual([sample({ value: 2 })])
  expect(parse('{"v":null}', { path: 'v' }).samples).toEqual([sample({ value: null, quality: Quality.bad })])
})

test('F2 mqtt: the time of the device in ms, s or ISO 8601 is kept as it is', () => {
  for (const ts of [
    1_795_420_000_123,
    1_795_420_000.123,
    '"2026-11-23T07:46:40.123Z"',
    '"2026-11-23T15:46:40.123+08:00"',
  ])
    expect(parse(`{"v":1,"ts":${ts}}`, { path: 'v' }).samples).toEqual([
      sample({ value: 1, timeMs: 1_795_420_000_123, timeSource: 'device' }),
    ])
  // 2036 and 1970 are for the centre to judge; they are not re-stamped here.
  expect(parse('{"v":1,"at":2100000000}', { path: 'v', time: 'at' }).samples[0]?.timeMs).toBe(
    2_100_000_000_000,
  )
  expect(parse('{"v":1,"ts":12}', { path: 'v' }).samples[0]?.timeMs).toBe(12_000)
})

test('F8 mqtt: a time that cannot be read is a malformed payload, not "now"', () => {
  for (const ts of ['"yesterday"', '"2026-11-23T04:26:40"', '-5', '1e300', '{}']) {
    const { samples, problem } = parse(`{"v":1,"ts":${ts}}`, { path: 'v' })
    expect(samples).toEqual([])
    expect(problem).toMatch(/^ts: expected Unix ms, Unix s or ISO 8601 with a zone, found/)
  }
})

test('F8 mqtt: what is no number harms no other value of the message', () => {
  const { samples, problem } = parse('{"a":"high","b":2}', { path: 'a' }, { path: 'b' })
  expect(samples).toEqual([sample({ point: 'S/d/p1', value: 2 })])
  expect(problem).toBe('a: expected a number, found "high"')
})

test('F8 mqtt: NaN, text and unknown shapes are refused with what was found', () => {
  expect(parse('NaN', {}).problem).toBe('expected JSON or a number, found "NaN"')
  expect(parse('{"b":1}', { path: 'a' }).problem).toBe('expected a, found an object with b')
  expect(parse('{"__proto__":{"a":1}}', { path: 'toString' }).samples).toEqual([])
  expect(parse('1e999', {}).samples).toEqual([sample({ value: null, quality: Quality.bad })])
})

test('F2 mqtt: a template stands for one topic a point', () => {
  const address = MqttAddress.parse({ topic: 'cold/{device}/{metric}/state' })
  expect(topicOf(address, 'E01/room1/nh3')).toBe('cold/room1/nh3/state')
  expect(MqttAddress.safeParse({ topic: 'cold/{room}' }).error?.issues[0]?.message).toContain(
    '{room} is not known',
  )
  expect(MqttAddress.safeParse({ topic: 'cold/#' }).success).toBe(false)
})

test('J6 mqtt: nesting that JSON.parse takes and JSON.stringify does not is refused like anything else', () => {
  const deep = `${'{"x":'.repeat(20_000)}1${'}'.repeat(20_000)}`
  expect(parse(deep, { path: 'a' }).problem).toBe('expected a, found an object with x')
  expect(parse(`{"a":${deep},"b":2}`, { path: 'a' }, { path: 'b' })).toEqual({
    samples: [sample({ point: 'S/d/p1', value: 2 })],
    problem: 'a: expected a number, found an object with x',
  })
})
