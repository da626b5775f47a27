import { describe, expect, test } from 'vitest'
import { generateKeyPem, signingKey } from '../keys.ts'
import { parsePublicKeys, publicKeys } from '../public-keys.ts'
import { signRotation } from '../rotation.ts'
import { build, chainOf, fileOf } from './scene.ts'
import { verifyExport } from './verify.ts'
import { describe as sentence } from './words.ts'

describe('J4 losses and keys', () => {
  test('J4 a key that a trusted one vouches for is believed by who knows the old one only', async () => {
    const { scene: other, keyOf: keys } = build()
    const before = parsePublicKeys(publicKeys(other.keys))
    const young = signingKey(generateKeyPem())
    const place = { gateway: 'GW-1', chain: chainOf['GW-1'], seq: 12, madeMs: other.nowMs }
    other.keys = other.keys.rotate(
      signRotation(place, { from: keys['GW-1'], to: young }),
      other.centre,
      other.nowMs,
    )
    other.batch('GW-1', young, [['E01/tank/level', 1]])
    expect(await verifyExport(fileOf(await other.export()), before)).toMatchObject({ sound: true })
    const enrolled = signingKey(generateKeyPem())
    const by = { gateway: 'GW-1', publicKey: enrolled.publicKey, how: 'enrolled' } as const
    other.keys = other.keys.add(by, other.centre, other.nowMs)
    other.batch('GW-1', enrolled, [['E01/tank/level', 2]])
    const { findings } = await verifyExport(fileOf(await other.export()), before)
    expect(findings[0]).toMatchObject({ code: 'unknown-key', gateway: 'GW-1', seq: 14 })
  })

  test('J4 a hole that the gateway has declared is told as such, another is a finding', async () => {
    const { scene: other, keyOf: keys } = build()
    const row = [['E01/tank/level', 1]] as const
    for (const lost of [true, true, false, true, false]) other.batch('GW-1', keys['GW-1'], row, lost)
    other.declareLoss('GW-1', keys['GW-1'], 13, 14)
    const report = await verifyExport(fileOf(await other.export()))
    expect(report.findings).toMatchObject([{ code: 'hole', gateway: 'GW-1', seq: 16, toSeq: 16 }])
    expect(report.chains[0]).toMatchObject({ declared: [[13, 14]], whole: false })
    expect(report.counts.losses).toBe(1)
  })

  test('J4 what a revoked key signed is sound if it came before, and named if it came after', async () => {
    const { scene: other, keyOf: keys } = build()
    const fromMs = other.nowMs + 500
    other.keys = other.keys.revoke(
      { keyId: keys['GW-1'].keyId, fromMs, reason: 'the cabinet was broken open' },
      other.centre,
      fromMs,
    )
    expect((await verifyExport(fileOf(await other.export()))).sound).toBe(true)
    other.batch('GW-1', keys['GW-1'], [['E01/tank/level', 1]])
    const { findings } = await verifyExport(fileOf(await other.export()))
    expect(findings).toMatchObject([{ code: 'revoked-key', gateway: 'GW-1', seq: 13 }, { code: 'chain-cut' }])
    expect(sentence(findings[0]!, 'en')).toMatch(/broken open/)
  })
})
