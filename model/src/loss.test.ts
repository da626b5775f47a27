import { expect, test } from 'vitest'
import { decodeLoss, encodeLoss, type LossDeclaration } from './loss.ts'

const loss: LossDeclaration = {
  ...{ v: 1, kind: 'loss', gateway: 'GW-1', chain: '0123456789abcdef', from: 3, to: 9 },
  ...{ prev: new Uint8Array(32).fill(1), last: new Uint8Array(32).fill(2), readings: 70 },
  ...{ firstMadeMs: 1, lastMadeMs: 2, reason: 'bytes', madeMs: 3 },
}

test('J2 a declaration of loss reads back as it was written', () => {
  expect(decodeLoss(encodeLoss(loss))).toEqual(loss)
  const { prev: _, last: __, readings: ___, firstMadeMs: ____, lastMadeMs: _____, ...bare } = loss
  expect(decodeLoss(encodeLoss({ ...bare, reason: 'acknowledged' }))).toEqual({
    ...bare,
    reason: 'acknowledged',
  })
})

test('J2 a declaration that makes no sense is refused with the place of its fault', () => {
  expect(() => decodeLoss(encodeLoss({ ...loss, from: 10 }))).toThrow(/from is after to/)
  expect(() => decodeLoss(encodeLoss({ ...loss, prev: new Uint8Array(3) }))).toThrow(/prev: 32 bytes/)
  expect(() => decodeLoss(Buffer.from('rubbish'))).toThrow(/CBOR/)
  expect(() => decodeLoss(new Uint8Array(5_000))).toThrow(/at most 4096/)
})
