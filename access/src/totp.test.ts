import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { base32, hotp, newSecret, otpauthUri, stepOf } from './totp.ts'

interface Vectors {
  readonly secretAscii: string
  readonly hotp: readonly string[]
  readonly totp: readonly { readonly timeS: number; readonly code: string }[]
}
const vectors = JSON.parse(
  await readFile(new URL('../testdata/totp/rfc4226-rfc6238.json', import.meta.url), 'utf8'),
) as Vectors
const key = Buffer.from(vectors.secretAscii)

test('W2 codes are those of RFC 4226 appendix D', () => {
  expect(vectors.hotp.map((_, counter) => hotp(key, counter, 6))).toEqual(vectors.hotp)
})

test('W2 codes are those of RFC 6238 appendix B, SHA-1', () => {
  for (const { timeS, code } of vectors.totp) {
    expect(hotp(key, Math.floor(timeS / 30), 8)).toBe(code)
    expect(stepOf(base32(key), code.slice(2), { nowMs: timeS * 1_000, lastStep: -1 })).toBe(
      Math.floor(timeS / 30),
    )
  }
})

test('W2 a code holds one step before and after its time, and once', () => {
  const secret = newSecret()
  const at = 1_795_000_000_000
  const step = Math.floor(at / 30_000)
  const code = hotp(Buffer.from(vectors.secretAscii), step, 6)
  const own = base32(key)
  const asked = (nowMs: number, lastStep = 0) => stepOf(own, code, { nowMs, lastStep })
  expect([asked(at - 30_000), asked(at), asked(at + 30_000)]).toEqual([step, step, step])
  expect([asked(at - 60_000), asked(at + 60_000)]).toEqual([undefined, undefined])
  expect([asked(at, step - 1), asked(at, step), asked(at, step + 1)]).toEqual([step, undefined, undefined])
  expect(stepOf(secret, '', { nowMs: at, lastStep: 0 })).toBeUndefined()
  expect(stepOf(secret, '１２３４５６', { nowMs: at, lastStep: 0 })).toBeUndefined()
})

test('base32 is RFC 4648, section 10, and the address is what authenticator programs read', () => {
  expect(['f', 'fo', 'foo', 'foob', 'fooba', 'foobar'].map((text) => base32(Buffer.from(text)))).toEqual([
    ...['MY', 'MZXQ', 'MZXW6', 'MZXW6YQ', 'MZXW6YTB', 'MZXW6YTBOI'],
  ])
  const uri = new URL(otpauthUri('MZXW6', '王敏'))
  expect([uri.protocol, uri.searchParams.get('secret'), uri.searchParams.get('issuer')]).toEqual([
    ...['otpauth:', 'MZXW6', 'Farwatch'],
  ])
})
