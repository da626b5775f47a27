import { decode, encode } from 'cborg'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CborReader } from './cbor-reader.ts'
import { isPointKey, parsePointKey } from './names.ts'
import { decodeRecord, encodeRecord } from './record.ts'
import { decodeSeries, encodeSeries } from './series.ts'

const bytesOf = ({ buffer, byteOffset, byteLength }: Float64Array) =>
  new Uint8Array(buffer, byteOffset, byteLength).slice()

const item = fc.oneof(
  fc.record({ kind: fc.constant('uint' as const), value: fc.maxSafeNat() }),
  fc.record({ kind: fc.constant('bytes' as const), value: fc.uint8Array({ maxLength: 300 }) }),
  fc.record({ kind: fc.constant('text' as const), value: fc.string({ unit: 'grapheme', maxLength: 300 }) }),
)

test('F3 what an independent CBOR library writes is read back, item by item', () => {
  fc.assert(
    fc.property(fc.array(item, { maxLength: 40 }), (items) => {
      const reader = new CborReader(encode(items.map(({ value }) => value)))
      expect(reader.array()).toBe(items.length)
      for (const { kind, value } of items) {
        const read = reader[kind]()
        expect(read instanceof Uint8Array ? Uint8Array.from(read) : read).toEqual(value)
      }
      reader.end()
    }),
  )
})

test('F8 bytes that were changed are read as that library reads them in strict mode, or refused', () => {
  const whole = encodeSeries({
    point: 'S/d/m',
    timeSource: 'device',
    timesMs: Float64Array.of(1_795_420_000_000, 1_795_420_001_000),
    values: Float64Array.of(1.5, Number.NaN),
    qualities: Uint16Array.of(0, 0x8000),
  })
  const change = fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255), cut: fc.nat(whole.length) })
  let read = 0
  fc.assert(
    fc.property(change, ({ at, byte, cut }) => {
      const bytes = cut < 8 ? whole.slice(0, whole.length - cut) : whole.slice()
      if (at < bytes.length) bytes[at] = byte
      let series: ReturnType<typeof decodeSeries>
      try {
        series = decodeSeries(bytes)
      } catch (error) {
        expect(error).toMatchObject({ code: 'bad-series' })
        return
      }
      read++
      const [point, , times, values] = decode(bytes, { strict: true }) as [
        string,
        number,
        Uint8Array,
        Uint8Array,
      ]
      expect(series.point).toBe(point)
      expect(bytesOf(series.timesMs)).toEqual(Uint8Array.from(times))
      expect(series.values.byteLength).toBe(values.length)
    }),
    { numRuns: 2_000 },
  )
  expect(read).toBeGreaterThan(0)
})

test.each([
  ['an indefinite length', [0x9f]],
  ['a length that is longer than it must be', [0x98, 0x05]],
  ['a length beyond 2^53', [0x9b, 0x00, 0x20, 0, 0, 0, 0, 0, 0]],
  ['another type', [0x45]],
  ['nothing', []],
])('F8 %s where an array should stand is refused', (_, bytes) => {
  expect(() => new CborReader(Uint8Array.from(bytes)).array()).toThrowError(
    expect.objectContaining({ code: 'bad-cbor' }),
  )
})

test('F8 a string longer than its message is refused before anything is made for it', () => {
  const huge = Uint8Array.of(0x5b, 0, 0, 0x10, 0, 0, 0, 0, 0)
  for (const read of [
    (reader: CborReader) => reader.bytes(),
    (reader: CborReader) => reader.enter(),
    (reader: CborReader) => reader.floatsInto(new Float64Array(1), 0),
    (reader: CborReader) => reader.shortsInto(new Uint16Array(1), 0),
  ]) {
    expect(() => read(new CborReader(huge))).toThrowError(expect.objectContaining({ code: 'bad-cbor' }))
  }
})

test('J6 a byte order mark makes no second spelling of a point', () => {
  const series = { timeSource: 'device' as const, timesMs: Float64Array.of(1), values: Float64Array.of(1) }
  const plain = encodeSeries({ ...series, point: 'S/d/m', qualities: Uint16Array.of(0) })
  const marked = encodeSeries({ ...series, point: '\ufeffS/d/m', qualities: Uint16Array.of(0) })
  expect(decodeSeries(plain).point).toBe('S/d/m')
  expect(() => decodeSeries(marked)).toThrow(/not SITE\/DEVICE\/METRIC/)
})

test('J6 a record with more or fewer parts than its kind has is refused', () => {
  const bytes = encodeRecord({ kind: 'camera-event', receivedMs: 1, bytes: new Uint8Array(0) })
  expect(decodeRecord(bytes)).toMatchObject({ kind: 'camera-event' })
  for (const parts of [2, 4, 23]) {
    const lie = Uint8Array.from(bytes)
    lie[0] = 0x80 | parts
    expect(() => decodeRecord(lie)).toThrow(`${parts} parts, a record of kind 2 has 3`)
  }
})

test('a key is a point key exactly where it can be taken apart', () => {
  const part = fc.oneof(
    fc.constantFrom('', 'a', '温度', 'x'.repeat(64), 'x'.repeat(65), 'a b', '🌡', '+'),
    fc.string(),
  )
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
      const key = parts.join('/')
      expect(isPointKey(key)).toBe(parsePointKey(key) !== undefined)
    }),
  )
})
