import { encodeBatch, FarwatchError, type Series, seriesIn } from '@farwatch/model'
import { encode } from 'cborg'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { batchHash, isSignedBy, noHash, openBatch, sealBatch } from './batch.ts'
import { openSign1, sign1, verifySign1 } from './cose.ts'
import { generateKeyPem, signingKey, verifyingKey } from './keys.ts'
import { inclusionProof, merkleRoot, merkleRootWithin, rootFromProof } from './merkle.ts'

const key = signingKey(generateKeyPem())
const publicKey = verifyingKey(key.publicKey)
const place = {
  gateway: 'GW-1',
  chain: '0123456789abcdef',
  boot: 'fedcba9876543210',
  seq: 1,
  prev: noHash,
  madeMs: 1,
  monotonicMs: 2,
}

const series = fc
  .uniqueArray(
    fc.record({
      metric: fc.stringMatching(/^[a-z0-9]{1,8}$/),
      rows: fc.array(
        fc.tuple(
          fc.integer({ min: 0, max: 4_000_000_000_000 }),
          fc.double({ noDefaultInfinity: true }),
          fc.integer({ min: 0, max: 65_535 }),
        ),
        { minLength: 1, maxLength: 9 },
      ),
    }),
    { minLength: 1, maxLength: 20, selector: ({ metric }) => metric },
  )
  .map((all) =>
    all.map(
      ({ metric, rows }): Series => ({
        point: `S/d/${metric}`,
        timeSource: 'device',
        timesMs: Float64Array.from(rows, ([time]) => time),
        values: Float64Array.from(rows, ([, value]) => value),
        qualities: Uint16Array.from(rows, ([, , quality]) => quality),
      }),
    ),
  )

/** Leaves in one message, and where each begins and ends. */
function joined(leaves: readonly Uint8Array[]): [Uint8Array, Uint32Array] {
  const bounds = new Uint32Array(2 * leaves.length)
  for (const [n, { length }] of leaves.entries()) {
    bounds[2 * n] = n === 0 ? 0 : bounds[2 * n - 1]!
    bounds[2 * n + 1] = bounds[2 * n]! + length
  }
  return [Buffer.concat(leaves), bounds]
}

test('F2 a sealed batch opens to the same readings and verifies', () => {
  fc.assert(
    fc.property(series, (given) => {
      const opened = openBatch(encodeBatch(sealBatch(given, place, key)))
      expect(seriesIn(opened.readings)).toEqual(given.toSorted((a, b) => (a.point < b.point ? -1 : 1)))
      expect(isSignedBy(opened, publicKey)).toBe(true)
      expect(isSignedBy(opened, verifyingKey(signingKey(generateKeyPem()).publicKey))).toBe(false)
    }),
    { numRuns: 60 },
  )
})

test('F2 no bit of a batch can be flipped unnoticed', () => {
  fc.assert(
    fc.property(series, fc.nat(), fc.nat({ max: 7 }), (given, place_, bit) => {
      const message = encodeBatch(sealBatch(given, place, key))
      message[place_ % message.length]! ^= 1 << bit
      try {
        expect(isSignedBy(openBatch(message), publicKey)).toBe(false)
      } catch (error) {
        expect(error).toBeInstanceOf(FarwatchError)
      }
    }),
    { numRuns: 400 },
  )
})

test('the hash of a batch changes with its content and its place', () => {
  const one: Series = {
    point: 'S/d/m',
    timeSource: 'gateway',
    timesMs: Float64Array.of(1),
    values: Float64Array.of(2),
    qualities: Uint16Array.of(0),
  }
  const a = batchHash(sealBatch([one], place, key))
  expect(batchHash(sealBatch([one], place, key))).toEqual(a)
  expect(batchHash(sealBatch([one], { ...place, seq: 2 }, key))).not.toEqual(a)
  expect(batchHash(sealBatch([{ ...one, values: Float64Array.of(3) }], place, key))).not.toEqual(a)
})

describe('Merkle tree', () => {
  // RFC 6962/9162 test vectors as published with Certificate Transparency's reference implementation.
  const leaves = [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f',
  ].map((hex) => Buffer.from(hex, 'hex'))
  test.each([
    [0, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    [1, '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
    [2, 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
    [3, 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77'],
    [8, '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'],
  ])('root of the first %i reference leaves', (count, root) => {
    expect(Buffer.from(merkleRoot(leaves.slice(0, count))).toString('hex')).toBe(root)
    expect(Buffer.from(merkleRootWithin(...joined(leaves.slice(0, count)))).toString('hex')).toBe(root)
  })

  test('every leaf proves itself and no other', () => {
    for (let size = 1; size <= 40; size++) {
      const all = Array.from({ length: size }, (_, i) => Buffer.from(`leaf ${i}`))
      const root = merkleRoot(all)
      expect(merkleRootWithin(...joined(all))).toEqual(Uint8Array.from(root))
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(all, index)
        expect(rootFromProof(all[index]!, { index, size, proof })).toEqual(root)
        expect(rootFromProof(Buffer.from('other'), { index, size, proof })).not.toEqual(root)
        expect(rootFromProof(all[index]!, { index, size, proof: [...proof, root] })).toBeUndefined()
        for (const [at, hash] of proof.entries())
          for (const other of [hash.subarray(1), Buffer.concat([hash, Buffer.of(0)])])
            expect(rootFromProof(all[index]!, { index, size, proof: proof.with(at, other) })).toBeUndefined()
      }
    }
  })
})

test('a COSE_Sign1 with anything unsigned in it is refused', () => {
  const bytes = sign1(Buffer.from('payload'), key)
  expect(verifySign1(openSign1(bytes), publicKey)).toBe(true)
  expect(() => openSign1(bytes.subarray(1))).toThrow(FarwatchError)
  const { protectedHeader, payload, signature } = openSign1(bytes)
  const smuggled = Buffer.concat([
    bytes.subarray(0, 1),
    encode([protectedHeader, new Map([[99, 1]]), payload, signature]),
  ])
  expect(() => openSign1(smuggled)).toThrow(/unprotected/)
})

test('J6 a signature holds for one spelling of its bytes only: their hash is the link of the chain', () => {
  const signed = sign1(Uint8Array.of(1, 2, 3), key)
  expect(verifySign1(openSign1(signed), publicKey)).toBe(true)
  // The empty unprotected header stands behind the protected one; with an indefinite length it says the same.
  const at = Buffer.from(signed).indexOf(Buffer.of(0xa0, 0x43, 1, 2, 3))
  const respelt = Buffer.concat([signed.subarray(0, at), Buffer.of(0xbf, 0xff), signed.subarray(at + 1)])
  expect(() => openSign1(respelt)).toThrow(FarwatchError)
})

test('J6 what stands for the algorithm is told without being spelt out', () => {
  const deep = Buffer.concat([Buffer.alloc(200, 0x81), Buffer.of(0x60)])
  const header = Buffer.concat([Buffer.of(0xa1, 0x01), deep])
  const parts = [Buffer.of(0xd2, 0x84, 0x58, header.length), header, Buffer.of(0xa0, 0x40, 0x40)]
  expect(() => openSign1(Buffer.concat(parts))).toThrow('algorithm object, expected -8 (EdDSA)')
})
