import { argon2Sync } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { isOutdated, PasswordHasher } from './password-hash.ts'
import { passwordProblem } from './password-rules.ts'

test('W2 the runtime’s argon2id is that of RFC 9106, section 5.3', () => {
  const tag = argon2Sync('argon2id', {
    ...{ message: Buffer.alloc(32, 1), nonce: Buffer.alloc(16, 2), secret: Buffer.alloc(8, 3) },
    ...{ associatedData: Buffer.alloc(12, 4), memory: 32, passes: 3, parallelism: 4, tagLength: 32 },
  })
  expect(tag.toString('hex')).toBe('0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659')
})

test('W2 a password is kept as a PHC string of argon2id and known again, and no other is', async () => {
  const hasher = new PasswordHasher()
  const stored = await hasher.hash('correct horse')
  expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[^$]{22}\$[^$]{43}$/)
  expect(await hasher.hash('correct horse')).not.toBe(stored)
  expect(await hasher.verify('correct horse', stored)).toBe(true)
  expect(await hasher.verify('correct horsf', stored)).toBe(false)
  // U+212B and U+00C5 look the same and are typed differently.
  expect(await hasher.verify('\u00c5ngstr\u00f6m 1814', await hasher.hash('\u212bngstro\u0308m 1814'))).toBe(
    true,
  )
  expect(await hasher.verify('anything', null)).toBe(false)
  expect([isOutdated(stored), isOutdated(stored.replace('t=2', 't=1'))]).toEqual([false, true])
})

test('W2 too many logins at once are refused at the door, and the event loop goes on meanwhile', async () => {
  const hasher = new PasswordHasher({ atOnce: 1, waiting: 3 })
  let turns = 0
  let over = false
  const counting = (async () => {
    while (!over) {
      await delay(1)
      turns += 1
    }
  })()
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => hasher.hash('correct horse')))
  over = true
  await counting
  const refused = outcomes.filter(({ status }) => status === 'rejected')
  expect(refused).toHaveLength(6)
  expect((refused[0] as PromiseRejectedResult).reason).toMatchObject({ code: 'busy', retryable: true })
  expect(turns).toBeGreaterThan(5)
  expect(await hasher.hash('correct horse')).toMatch(/^\$argon2id/)
})

test.each([
  ['short', 'short12345'.slice(0, 9)],
  ['common with a number behind', 'Password1234'],
  ['common in pinyin', 'woaini520520'],
  ['the account’s own name', 'wangmin2026'],
  ['one character', 'aaaaaaaaaaaa'],
  ['a row of the keyboard', 'qwertyuiop'],
  ['digits upwards', '1234567890'],
  ['far too long', 'x1'.repeat(101)],
])('W2 a password that is %s is not taken', (_, password) => {
  expect(passwordProblem(password, ['wangmin', '王敏'])).toMatch(/^found .* expected/)
})

test.each(['correct horse battery', '谯城区化工园区值班密码本', 'kx7-bn2-qq9-m4t'])(
  'W2 a sound password is taken whatever it is made of: %s',
  (password) => {
    expect(passwordProblem(password, ['wangmin', '王敏'])).toBeUndefined()
  },
)
