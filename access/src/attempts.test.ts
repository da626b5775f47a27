import { expect, test } from 'vitest'
import { Attempts } from './attempts.ts'

function started() {
  const clock = { nowMs: 0, monotonicMs: () => clock.nowMs }
  return { clock, attempts: new Attempts(clock) }
}

test('W2 failed attempts on an account wait longer and longer, from the fifth on, a quarter of an hour at most', () => {
  const { clock, attempts } = started()
  const waits = Array.from({ length: 20 }, (_, n) => {
    clock.nowMs += attempts.waitMs('admin', `10.0.0.${n}`)
    attempts.begin('admin', `10.0.0.${n}`)
    return attempts.waitMs('admin', `10.0.0.${n}`)
  })
  expect(waits.slice(0, 8)).toEqual([0, 0, 0, 0, 1_000, 2_000, 4_000, 8_000])
  expect(waits.at(-1)).toBe(15 * 60_000)
  expect(attempts.waitMs('other', '10.0.0.200')).toBe(0)
  attempts.forget('admin')
  expect(attempts.waitMs('admin', '10.0.0.200')).toBe(0)
})

test('W2 one address that tries many accounts waits too; in IPv6 its whole network', () => {
  const { attempts } = started()
  for (let n = 0; n < 20; n++) attempts.begin(`account${n}`, `2001:db8:1:2::${n}`)
  expect(attempts.waitMs('another', '2001:db8:1:2:ffff::1')).toBe(1_000)
  expect(attempts.waitMs('another', '2001:db8:1:3::1')).toBe(0)
})

test('W2 a success forgives the account; an attempt that was withdrawn never counted', () => {
  const { attempts } = started()
  for (let n = 0; n < 4; n++) attempts.begin('wang', '10.0.0.1')
  attempts.begin('wang', '10.0.0.1').withdrawn()
  expect(attempts.waitMs('wang', '10.0.0.1')).toBe(0)
  attempts.begin('wang', '10.0.0.1')
  expect(attempts.waitMs('wang', '10.0.0.1')).toBe(1_000)
  attempts.begin('wang', '10.0.0.1').succeeded()
  expect(attempts.waitMs('wang', '10.0.0.1')).toBe(0)
})
