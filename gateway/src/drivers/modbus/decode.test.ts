import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ModbusAddress } from './address.ts'
import { decode } from './decode.ts'

const address = (more: object) => ModbusAddress.parse({ unit: 1, table: 'holding', register: 0, ...more })

test('F2 modbus: 32-bit values in the four word orders', () => {
  // 123456.789 is 47F12065 as an IEEE 754 single.
  const value = Math.fround(123_456.789)
  for (const [order, hex] of [
    ['ABCD', '47f12065'],
    ['CDAB', '206547f1'],
    ['BADC', 'f1476520'],
    ['DCBA', '6520f147'],
  ])
    expect(decode(address({ type: 'float32', order }), Buffer.from(hex!, 'hex'), 0)).toBe(value)
})

test('F2 modbus: 64-bit values in the four word orders', () => {
  for (const [order, hex] of [
    ['ABCD', '400921fb54442d18'],
    ['CDAB', '2d18544421fb4009'],
    ['BADC', '0940fb214454182d'],
    ['DCBA', '182d4454fb210940'],
  ])
    expect(decode(address({ type: 'float64', order }), Buffer.from(hex!, 'hex'), 0)).toBe(Math.PI)
})

test('F2 modbus: signed and unsigned, scale, offset and bits', () => {
  const bytes = Buffer.from('ffff8001fffffffe', 'hex')
  expect(decode(address({ type: 'int16' }), bytes, 0)).toBe(-1)
  expect(decode(address({ type: 'uint16' }), bytes, 0)).toBe(65_535)
  expect(decode(address({ type: 'uint16', order: 'BADC' }), bytes, 1)).toBe(0x0180)
  expect(decode(address({ type: 'int32' }), bytes, 2)).toBe(-2)
  expect(decode(address({ type: 'uint32' }), bytes, 2)).toBe(4_294_967_294)
  expect(decode(address({ type: 'int16', scale: 0.5, offset: 10 }), bytes, 0)).toBe(9.5)
  expect([0, 1, 15].map((bit) => decode(address({ bit }), bytes, 1))).toEqual([1, 0, 1])
  const coils = Buffer.from([0b0000_0010, 0b1000_0000])
  expect([0, 1, 15].map((i) => decode(address({ table: 'coil' }), coils, i))).toEqual([0, 1, 1])
})

test('F2 modbus: any value comes back in any order', () => {
  const order = fc.constantFrom('ABCD', 'CDAB', 'BADC', 'DCBA')
  fc.assert(
    fc.property(fc.double(), order, (value, order) => {
      const bytes = Buffer.alloc(8)
      bytes.writeDoubleBE(value)
      const words = [0, 2, 4, 6].map((i) => bytes.subarray(i, i + 2))
      if (order === 'CDAB' || order === 'DCBA') words.reverse()
      if (order === 'BADC' || order === 'DCBA') for (const word of words) word.swap16()
      expect(decode(address({ type: 'float64', order }), Buffer.concat(words), 0)).toBe(value + 0)
    }),
  )
})
