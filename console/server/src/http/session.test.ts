import type { Grant } from '@farwatch/model'
import { afterEach, expect, test } from 'vitest'
import { alertOf, startConsole } from '../testing.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const operator: Grant = { role: 'operator', jurisdiction: null, department: null, enterprise: null }

async function started() {
  const console = await startConsole()
  cleanUps.push(console.stop)
  console.access.enter('wang', [operator])
  const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    fetch(console.url + path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...{ origin: console.url, ...headers },
      },
    })
  return { ...console, send }
}

test('W2 a login sets a cookie that no script reads and no other site sends, and log-out takes it away', async () => {
  const { send } = await started()
  const login = await send('POST', '/api/session', { account: 'wang', password: 'password-of-wang' })
  expect(await login.json()).toMatchObject({ state: 'in', account: { id: 'wang' }, grants: [operator] })
  const cookie = login.headers.get('set-cookie') ?? ''
  expect(cookie).toMatch(/^farwatch-session=secret-of-wang; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/)
  const own = { cookie: cookie.split(';')[0] ?? '' }
  expect(await (await send('GET', '/api/session', undefined, own)).json()).toMatchObject({ state: 'in' })
  const out = await send('DELETE', '/api/session', undefined, own)
  expect([out.status, out.headers.get('set-cookie')]).toEqual([204, expect.stringContaining('Max-Age=0')])
  expect(await (await send('GET', '/api/session', undefined, own)).json()).toMatchObject({
    ...{ state: 'out', account: null, grants: [], actions: [] },
  })
})

test('W2 W6 a page elsewhere can neither log in, nor act with the cookie that the browser has', async () => {
  const { send, desk } = await started()
  desk.put(alertOf(1))
  const path = `/api/alerts/${alertOf(1).id}/acknowledge`
  const cookie = 'farwatch-session=secret-of-wang'
  for (const headers of [
    { cookie, origin: 'https://evil.example' },
    { cookie, 'sec-fetch-site': 'cross-site' },
    { cookie, 'sec-fetch-site': 'same-site' },
  ] as Record<string, string>[]) {
    expect((await send('POST', path, {}, headers)).status).toBe(403)
    expect((await send('DELETE', '/api/session', undefined, headers)).status).toBe(403)
    const body = { account: 'wang', password: 'password-of-wang' }
    expect((await send('POST', '/api/session', body, headers)).status).toBe(403)
  }
  expect(desk.current()[0]?.state).toBe('unacknowledged')
})

test('W3 whoever has an account acknowledges under its name, whatever they say; others say who they are', async () => {
  const { send, desk } = await started()
  for (const n of [1, 2, 3]) desk.put(alertOf(n))
  const acknowledge = (n: number, body: unknown, headers: Record<string, string> = {}) =>
    send('POST', `/api/alerts/${alertOf(n).id}/acknowledge`, body, headers)
  const by = (n: number) =>
    desk
      .current()
      .find(({ id }) => id === alertOf(n).id)
      ?.transitions.at(-1)?.by
  await acknowledge(1, { by: 'somebody else' }, { cookie: 'farwatch-session=secret-of-wang' })
  await acknowledge(2, { by: '王值班' })
  expect([by(1), by(2)]).toEqual(['Name of wang', '王值班'])
  expect((await acknowledge(3, {})).status).toBe(400)
})

test('W4 a login, a refused one and a log-out are acts; no password stands in them', async () => {
  const { send, acts } = await started()
  const secrets = ['password-of-wang', 'not-the-password']
  await send('POST', '/api/session', { account: 'wang', password: secrets[1] })
  await send('POST', '/api/session', { account: 'wang', password: secrets[0] })
  await send('DELETE', '/api/session', undefined, { cookie: 'farwatch-session=secret-of-wang' })
  expect(acts.recorded).toMatchObject([
    { action: 'session.login', outcome: 'refused', actor: { account: 'anyone' }, object: { id: 'wang' } },
    { action: 'session.login', outcome: 'done', actor: { account: 'wang', via: 'session' } },
    { action: 'session.logout', outcome: 'done', actor: { account: 'wang' } },
  ])
  for (const secret of [...secrets, 'secret-of-wang'])
    expect(JSON.stringify(acts.recorded).includes(secret)).toBe(false)
})
