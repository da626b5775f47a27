import { describe, expect, test } from 'vitest'
import { centreName, KeyDirectory, refusalOfKey } from './key-log.ts'
import { generateKeyPem, signingKey } from './keys.ts'
import { parsePublicKeys, publicKeys } from './public-keys.ts'
import { openRotation, signRotation } from './rotation.ts'

const centre = signingKey(generateKeyPem())
const [first, second, third] = [0, 1, 2].map(() => signingKey(generateKeyPem()))
const chain = '0123456789abcdef'
const begun = () => KeyDirectory.begin(chain, centre, 1_000)
const gateway = 'GW-1'
const place = { gateway, chain: 'fedcba9876543210', seq: 7, madeMs: 2_000 }

describe('J4 the key directory', () => {
  test('J4 is a log that gives back the life of every key', () => {
    const rotation = signRotation(place, { from: first!, to: second! })
    const directory = begun()
      .add({ gateway, publicKey: first!.publicKey, how: 'first-use' }, centre, 1_500)
      .rotate(rotation, centre, 3_000)
      .revoke({ keyId: second!.keyId, fromMs: 5_000, reason: 'stolen' }, centre, 6_000)
    const { directory: read, problems } = KeyDirectory.read(directory.entries)
    expect(problems).toEqual([])
    expect(read.keys).toEqual(directory.keys)
    expect(read.keys.map(({ name, how }) => [name, how])).toEqual([
      [centreName, 'enrolled'],
      [gateway, 'first-use'],
      [gateway, 'rotation'],
    ])
    expect(read.get(first!.keyId)?.retired).toEqual({ atMs: 3_000, chain: place.chain, seq: 7 })
    expect(read.get(second!.keyId)?.revoked).toEqual({ fromMs: 5_000, reason: 'stolen' })
    expect(read.currentOf(gateway)).toEqual([])
    expect(parsePublicKeys(publicKeys(read)).keys).toHaveLength(3)
  })

  test('J4 shows an entry that was changed, taken out, put in by another or moved', () => {
    const { entries } = begun()
      .add({ gateway, publicKey: first!.publicKey, how: 'enrolled' }, centre, 1_500)
      .revoke({ keyId: first!.keyId, fromMs: 5_000, reason: 'lost' }, centre, 6_000)
    const other = KeyDirectory.begin(chain, third!, 1_000)
      .add({ gateway, publicKey: second!.publicKey, how: 'enrolled' }, third!, 1_500)
      .entries.at(-1)!
    const problemsOf = (log: readonly Uint8Array[]) =>
      KeyDirectory.read(log).problems.map(({ entry }) => entry)
    const flipped = Uint8Array.from(entries[1]!)
    flipped[80]! ^= 1
    expect(problemsOf(entries)).toEqual([])
    expect(problemsOf([entries[0]!, flipped, entries[2]!])).toEqual([2, 3])
    expect(problemsOf([entries[0]!, entries[2]!])).toEqual([2])
    expect(problemsOf([...entries, other])).toEqual([4])
    expect(problemsOf([entries[0]!, entries[2]!, entries[1]!])).toContain(2)
    expect(KeyDirectory.read(entries, (keyId) => keyId === third!.keyId).problems[0]?.problem).toMatch(
      /trusted/,
    )
  })

  test('J4 a rotation needs both keys', () => {
    const statement = signRotation(place, { from: first!, to: second! })
    const opened = openRotation(statement)
    const verifying = (key: typeof centre) =>
      begun().add({ gateway, publicKey: key.publicKey, how: 'enrolled' }, centre, 1).verifying(key.keyId)!
    expect(opened.isSignedBy(verifying(first!))).toBe(true)
    expect(opened.isSignedBy(verifying(third!))).toBe(false)
    for (let i = 0; i < statement.length; i++) {
      const flipped = Uint8Array.from(statement)
      flipped[i]! ^= 1
      const good = () => {
        const { isSignedBy } = openRotation(flipped)
        return isSignedBy(verifying(first!))
      }
      let holds = false
      try {
        holds = good()
      } catch {}
      expect(holds).toBe(false)
    }
  })

  test('J4 what a retired key had sealed before stays good, what a revoked one signed later does not', () => {
    const directory = begun()
      .add({ gateway, publicKey: first!.publicKey, how: 'enrolled' }, centre, 1_500)
      .rotate(signRotation(place, { from: first!, to: second! }), centre, 3_000)
      .revoke({ keyId: second!.keyId, fromMs: 5_000, reason: 'stolen' }, centre, 6_000)
    const [old, young] = [directory.get(first!.keyId)!, directory.get(second!.keyId)!]
    const codeOf = (key: typeof old, receivedMs: number, seq: number) =>
      refusalOfKey(key, { receivedMs, chain: place.chain, seq })?.code
    expect(codeOf(old, 2_999, 9)).toBeUndefined()
    expect(codeOf(old, 9_000, 7)).toBeUndefined()
    expect(codeOf(old, 9_000, 8)).toBe('retired-key')
    expect(codeOf(young, 4_999, 8)).toBeUndefined()
    expect(codeOf(young, 5_000, 8)).toBe('revoked-key')
  })
})
