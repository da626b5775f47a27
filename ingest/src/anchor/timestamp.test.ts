import { readFileSync } from 'node:fs'
import { entryHash, readCertificates, timestampRequest, verifyTimestamp } from '@farwatch/evidence'
import { findPeer, skipWithoutPeer } from '@farwatch/runtime/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OpensslAuthority } from './testing.ts'

const statement = Buffer.from('what the centre has signed')
let authority: OpensslAuthority

beforeAll(() => {
  const openssl = findPeer('openssl')
  if (openssl === undefined) return
  authority = new OpensslAuthority(openssl.path)
  authority.root('root')
  authority.root('other-root')
  authority.issue('tsa', { by: 'root', section: 'tsa' })
})
afterAll(() => authority?.remove())

const rootsOf = (name: string) => readCertificates(readFileSync(authority.path(`${name}.pem`), 'utf8'))
const problemOf = (
  response: Uint8Array,
  { about = statement, roots = 'root', nonce }: { about?: Buffer; roots?: string; nonce?: Uint8Array } = {},
) => {
  const options = { roots: rootsOf(roots), ...(nonce === undefined ? {} : { nonce }) }
  const verified = verifyTimestamp(response, about, options)
  return verified.ok ? 'none' : verified.problem
}

describe('J4 timestamps of OpenSSL', () => {
  test('are verified with the time and the name of who made them', (context) => {
    skipWithoutPeer(context, 'openssl')
    const { der, nonce } = timestampRequest(statement)
    const beforeMs = Date.now()
    const verified = verifyTimestamp(authority.reply(der, 'tsa'), statement, {
      roots: rootsOf('root'),
      nonce,
    })
    expect(verified).toMatchObject({ ok: true, authority: 'CN=tsa', policy: '1.2.3.4.1' })
    // Whole seconds.
    expect(verified.ok && verified.timeMs).toBeGreaterThanOrEqual(beforeMs - 1_000)
    expect(verified.ok && verified.timeMs).toBeLessThanOrEqual(Date.now())
  })

  test('are verified with RSA, over an authority between, and with the older certificate attribute', (context) => {
    skipWithoutPeer(context, 'openssl')
    authority.issue('between', { by: 'root', section: 'ca' })
    authority.issue('tsa-rsa', { by: 'between', section: 'tsa', kind: 'rsa' })
    const { der } = timestampRequest(statement)
    expect(problemOf(authority.reply(der, 'tsa-rsa', { chain: 'between' }))).toBe('none')
    expect(problemOf(authority.reply(der, 'tsa-rsa', { chain: 'between', ess: 'sha1' }))).toBe('none')
    expect(problemOf(authority.reply(der, 'tsa-rsa'))).toMatch(/nobody among the trusted roots/)
  })

  test('of something else, with another nonce, or from an authority that is not trusted are refused', (context) => {
    skipWithoutPeer(context, 'openssl')
    const { der, nonce } = timestampRequest(statement)
    const good = authority.reply(der, 'tsa')
    expect(problemOf(good, { about: Buffer.from('something else') })).toBe(
      'it is a timestamp of something else',
    )
    expect(problemOf(good, { nonce })).toBe('none')
    expect(problemOf(good, { nonce: timestampRequest(statement).nonce })).toMatch(/nonce is not that/)
    expect(problemOf(good, { roots: 'other-root' })).toMatch(/nobody among the trusted roots/)
  })

  test('of a certificate that has expired, or is not for timestamps alone, are refused', (context) => {
    skipWithoutPeer(context, 'openssl')
    authority.issue('expired', { by: 'root', section: 'tsa', days: -1 })
    const others = ['tsa-none', 'tsa-not-critical', 'tsa-many']
    for (const section of others) authority.issue(section, { by: 'root', section })
    authority.issue('false-tsa', { by: 'tsa', section: 'tsa' })
    const good = authority.reply(timestampRequest(statement).der, 'tsa')
    const problemWith = (signer: string) => problemOf(authority.signedAnew(good, signer))
    expect(problemWith('tsa')).toBe('none')
    expect(problemWith('expired')).toMatch(/certificate of CN=expired: valid from/)
    for (const signer of others) expect(problemWith(signer)).toMatch(/not one for timestamps alone/)
    // Whoever has a certificate may not make authorities.
    expect(problemWith('false-tsa')).toMatch(/nobody among the trusted roots/)
  })

  test('no byte of what one says, of its certificate or its signature can be changed unnoticed', (context) => {
    skipWithoutPeer(context, 'openssl')
    const { der, nonce } = timestampRequest(statement)
    const good = authority.reply(der, 'tsa')
    const said = [
      entryHash(statement),
      Buffer.from(new Date().toISOString().slice(0, 10).replaceAll('-', '')),
      nonce,
    ]
    const parts = [...said, ...rootsOf('tsa').map(({ raw }) => raw), good.subarray(-60)]
    for (const part of parts) {
      const begin = good.indexOf(part)
      expect(begin).toBeGreaterThan(0)
      for (let at = begin; at < begin + part.length; at += 7) {
        const changed = Buffer.from(good)
        changed[at]! ^= 1
        expect(problemOf(changed), `byte ${at}`).not.toBe('none')
      }
    }
  })

  test('refusals and rubbish are told as such', (context) => {
    skipWithoutPeer(context, 'openssl')
    // SHA-1 is not among the digests of this authority.
    authority.run(['ts', '-query', '-digest', '00'.repeat(20), '-sha1', '-out', 'sha1.tsq'])
    expect(problemOf(authority.reply(readFileSync(authority.path('sha1.tsq')), 'tsa'))).toMatch(
      /answers "rejected"/,
    )
    const nested = Array.from({ length: 15_000 }, () => Buffer.of(0x30, 0x80))
    const rubbish = [
      Buffer.alloc(0),
      Buffer.from('<html>'),
      Buffer.alloc(60_000, 0x30),
      Buffer.concat(nested),
    ]
    for (const bytes of rubbish) expect(problemOf(bytes)).toMatch(/^not a timestamp/)
    expect(problemOf(Buffer.alloc(70_000))).toBe('70000 bytes, at most 65536')
  })
})
