import { BatchHeader, decodeHeader, FarwatchError } from '@farwatch/model'
import { decode, encode } from 'cborg'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { noHash, sealBatch } from './batch.ts'
import { openSign1, sign1, verifySign1 } from './cose.ts'
import { generateKeyPem, signingKey, verifyingKey } from './keys.ts'

const key = signingKey(generateKeyPem())
const whole = sealBatch(
  [
    {
      ...{ point: 'S/d/m', timeSource: 'device' },
      ...{ timesMs: Float64Array.of(1), values: Float64Array.of(2), qualities: Uint16Array.of(0) },
    },
  ],
  {
    ...{ gateway: '园区-7', chain: '0123456789abcdef', boot: 'fedcba9876543210', seq: 70_000, prev: noHash },
    ...{ madeMs: 1_795_420_000_000, monotonicMs: 2 },
  },
  key,
).sign1
const { payload } = openSign1(whole)

const strict = { strict: true, rejectDuplicateMapKeys: true }

/** What an independent CBOR library finds in a COSE_Sign1. */
function generalSign1(bytes: Uint8Array) {
  const parts: unknown[] = decode(bytes.subarray(1), { ...strict, useMaps: true })
  const header: Map<number, unknown> = decode(parts[0] as Uint8Array, { ...strict, useMaps: true })
  expect([bytes[0], header.get(1), parts.length, (parts[1] as Map<unknown, unknown>).size]).toEqual([
    ...[0xd2, -8, 4, 0],
  ])
  const keyId = Buffer.from(header.get(4) as Uint8Array).toString('hex')
  return { keyId, protectedHeader: parts[0], payload: parts[2], signature: parts[3] }
}

const plain = (value: object) =>
  Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, item instanceof Uint8Array ? [...item] : item]),
  )

const readers = {
  header: {
    whole: payload,
    read: decodeHeader,
    general: (bytes: Uint8Array) => BatchHeader.parse(decode(bytes, strict)),
  },
  signature: { whole, read: openSign1, general: generalSign1 },
}

test.each(['header', 'signature'] as const)(
  'J4 a %s read in one pass says what an independent CBOR library reads there, whatever bytes were changed',
  (name) => {
    const { whole, read, general } = readers[name]
    const change = fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255), cut: fc.nat(40) })
    let kept = 0
    fc.assert(
      fc.property(change, ({ at, byte, cut }) => {
        const bytes = Uint8Array.from(cut < 4 ? whole.subarray(0, whole.length - cut) : whole)
        if (at < bytes.length) bytes[at] = byte
        let found: object
        try {
          found = read(bytes)
        } catch (error) {
          expect((error as FarwatchError).code).toMatch(/^bad-(header|signature-format)$/)
          return
        }
        kept++
        expect(plain(found)).toEqual(plain(general(bytes)))
      }),
      { numRuns: 3_000 },
    )
    expect(kept).toBeGreaterThan(100)
  },
)

test.each([0, 23, 24, 255, 256, 65_535, 65_536, 200_000])(
  'J4 a payload of %i bytes is signed as the independent library writes it, and opens again',
  (length) => {
    const content = new Uint8Array(length).fill(7)
    const signed = openSign1(sign1(content, key))
    expect(Buffer.compare(signed.payload, content)).toBe(0)
    expect(verifySign1(signed, verifyingKey(key.publicKey))).toBe(true)
    expect(signed).toEqual(
      openSign1(Buffer.concat([Buffer.of(0xd2), encode(decode(sign1(content, key).subarray(1)))])),
    )
  },
)

test('F8 what is not even the beginning of one is refused', () => {
  for (const bytes of [new Uint8Array(0), whole.subarray(0, 9), whole.subarray(0, 20)]) {
    expect(() => openSign1(bytes)).toThrow(FarwatchError)
  }
})
