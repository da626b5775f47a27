import type { SessionInfo } from '@farwatch/model'
import { afterEach, expect, test, vi } from 'vitest'
import { session } from './session.ts'

afterEach(() => vi.unstubAllGlobals())

test('W2 an answer that was asked for before the login does not undo it', async () => {
  const answers: ((info: Partial<SessionInfo>) => void)[] = []
  vi.stubGlobal('fetch', () => {
    const { promise, resolve } = Promise.withResolvers<Response>()
    answers.push((info) => resolve(Response.json(info)))
    return promise
  })
  const asked = session.refresh()
  session.take({ state: 'password' } as SessionInfo)
  answers[0]!({ state: 'out' })
  await expect.poll(() => answers.length).toBe(2)
  expect(session.state()).toMatchObject({ info: { state: 'password' } })
  answers[1]!({ state: 'in' })
  await asked
  expect(session.state()).toMatchObject({ info: { state: 'in' } })
})
