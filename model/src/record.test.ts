import fc from 'fast-check'
import { expect, test } from 'vitest'
import { packSeries, seriesIn } from './readings.ts'
import {
  type CentreRecord,
  decodeRecord,
  encodeDecoded,
  encodeRecord,
  readingsOf,
  seriesOf,
} from './record.ts'

const bytes = fc.uint8Array({ maxLength: 300 })
const text = fc.string({ unit: 'grapheme', maxLength: 30 })
const receivedMs = fc.maxSafeNat()
const record: fc.Arbitrary<CentreRecord> = fc.oneof(
  fc.record({ kind: fc.constant('batch' as const), receivedMs, gateway: text, bytes }),
  fc.record({ kind: fc.constant('loss' as const), receivedMs, gateway: text, bytes }),
  fc.record({ kind: fc.constant('telemetry' as const), receivedMs, site: text, device: text, bytes }),
  fc.record({ kind: fc.constant('camera-event' as const), receivedMs, bytes }),
  fc.record({ kind: fc.constant('picture' as const), receivedMs, camera: text, label: text, bytes }),
  fc.record({ kind: fc.constant('gateway-status' as const), receivedMs, gateway: text, bytes }),
)

test('J1 what a record means follows from its bytes: what readers of the same bytes are given is what a copy of them says', () => {
  fc.assert(
    fc.property(record, (given) => {
      const encoded = encodeDecoded(given, packSeries([]))
      const shared = decodeRecord(encoded)
      const copy = decodeRecord(encoded.slice())
      expect({ ...copy, bytes: [...copy.bytes] }).toEqual({ ...shared, bytes: [...shared.bytes] })
      expect(decodeRecord(encoded)).toBe(shared)
    }),
  )
})

// JSON has no negative zero: `+ 0` turns the one that the generator likes into what is sent.
const finite = fc.double({ noDefaultInfinity: true, noNaN: true }).map((number) => number + 0)
const value = fc.oneof(finite, fc.boolean())
const message = fc.dictionary(fc.constantFrom('so2', 'nox', '温度', 'a.b', 'c-d'), value, { minKeys: 1 })

test('J5 readings of plain messages are those of the message, whatever the same device sent before', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(message, fc.option(fc.nat())), { maxLength: 12 }), (messages) => {
      const given = messages.map(([values, ts]) => {
        const json = JSON.stringify(ts === null ? values : { ts, values })
        const base = { kind: 'telemetry', receivedMs: 5, site: 'S', device: 'd' } as const
        return decodeRecord(encodeRecord({ ...base, bytes: new TextEncoder().encode(json) }))
      })
      for (const [i, [values, ts]] of messages.entries()) {
        expect(seriesIn(readingsOf(given[i]!))).toEqual(
          Object.entries(values).map(([metric, one]) => ({
            point: `S/d/${metric}`,
            timeSource: ts === null ? 'arrival' : 'device',
            timesMs: Float64Array.of(ts ?? 5),
            values: Float64Array.of(Number(one)),
            qualities: Uint16Array.of(0),
          })),
        )
        expect(seriesOf(given[i]!)).toEqual(seriesIn(readingsOf(given[i]!)))
      }
    }),
  )
})
