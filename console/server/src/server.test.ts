import { request } from 'node:http'
import { FarwatchError } from '@farwatch/model'
import { afterEach, expect, test } from 'vitest'
import { alertOf, MemoryDesk, Page, startConsole } from './testing.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function started(...over: Parameters<typeof startConsole>) {
  const console = await startConsole(...over)
  cleanUps.push(console.stop)
  return console
}

const token = 'a-token-that-is-long-enough'

test('F8 a port in use is named, with what to do', async () => {
  const port = Number(new URL((await started()).url).port)
  await expect(startConsole({ port })).rejects.toMatchObject({
    code: 'port-in-use',
    message: expect.stringMatching(new RegExp(`port ${port} on 127\\.0\\.0\\.1 is in use: .*--http PORT`)),
  })
})

test('F8 listening beyond this machine without protection is refused', async () => {
  await expect(startConsole({ host: '0.0.0.0' })).rejects.toMatchObject({
    code: 'unprotected',
    message: expect.stringMatching(/0\.0\.0\.0.*FARWATCH_ADMIN_TOKEN.*127\.0\.0\.1/),
  })
  await expect(startConsole({ host: '0.0.0.0', adminToken: 'short' })).rejects.toMatchObject({
    code: 'unprotected',
  })
  await expect(startConsole({ trustedProxies: ['10.0.0.0/33'] })).rejects.toMatchObject({
    code: 'bad-config',
  })
})

test('beyond this machine every request bears the token: API, metrics, socket', async () => {
  const { url } = await started({ host: '0.0.0.0', adminToken: token })
  const at = url.replace('localhost', '127.0.0.1')
  for (const path of ['/api/sites', '/metrics', '/socket.io/?EIO=4&transport=polling']) {
    const status = async (headers: Record<string, string>) => (await fetch(at + path, { headers })).status
    const refused = path.startsWith('/socket.io') ? 403 : 401
    expect([path, await status({})]).toEqual([path, refused])
    expect([path, await status({ authorization: `Bearer ${token}x` })]).toEqual([path, refused])
    expect([path, await status({ authorization: `Bearer ${token}` })]).not.toEqual([path, refused])
  }
  const page = new Page(at, { headers: { authorization: `Bearer ${token}` } })
  cleanUps.push(() => page.close())
  await new Promise((resolve) => page.socket.on('snapshot', resolve))
})

test('W2 a proxy lets nobody in by itself; a trusted one is believed about HTTPS', async () => {
  for (const trustedProxies of [['127.0.0.0/8'], ['10.1.2.3']]) {
    const { url, access } = await started({ host: '0.0.0.0', adminToken: token, trustedProxies })
    const at = url.replace('localhost', '127.0.0.1')
    expect((await fetch(`${at}/api/sites`)).status).toBe(401)
    access.enter('wang', [])
    const login = await fetch(`${at}/api/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: at, 'x-forwarded-proto': 'https' },
      body: JSON.stringify({ account: 'wang', password: 'password-of-wang' }),
    })
    const cookie = login.headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict/)
    expect(cookie.startsWith('__Host-') && cookie.endsWith('; Secure')).toBe(
      trustedProxies[0] === '127.0.0.0/8',
    )
  }
})

test('a wrong token is refused even on loopback', async () => {
  const local = await started({ adminToken: token })
  expect((await fetch(`${local.url}/api/sites`)).status).toBe(200)
  const headers = { authorization: 'Bearer wrong' }
  const refused = await fetch(`${local.url}/api/sites`, { headers })
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="farwatch"'])
})

test('a program that bears the token needs no Origin', async () => {
  const { url } = await started({ adminToken: token })
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
  const path = `${url}/api/alerts/${'0'.repeat(32)}/acknowledge`
  const response = await fetch(path, { method: 'POST', headers, body: '{"by":"A"}' })
  expect(response.status).toBe(404)
})

test('F8 an acknowledgement that cannot be made durable is not confirmed', async () => {
  const desk = new MemoryDesk()
  desk.put(alertOf(0))
  const full = new FarwatchError('journal-full', 'the journal has reached its bound', { retryable: true })
  desk.acknowledge = () => Promise.reject(full)
  const { url } = await started({}, { desk })
  const response = await fetch(`${url}/api/alerts/${alertOf(0).id}/acknowledge`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url },
    body: '{"by":"A"}',
  })
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
  expect(await response.json()).toMatchObject({ type: 'urn:farwatch:problem:journal-full' })
})

/** The status of /api/sites for a request with headers that fetch would not let through. */
function statusWith(url: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(`${url}/api/sites`, { headers }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
}

test('a configured name may be used as Host', async () => {
  const { url, access } = await started({ allowedHosts: ['Farwatch.city.example'] })
  access.enter('wang', [{ role: 'operator', jurisdiction: null, department: null, enterprise: null }])
  const host = 'farwatch.city.example'
  expect(await statusWith(url, { host, cookie: 'farwatch-session=secret-of-wang' })).toBe(200)
  expect(await statusWith(url, { host: 'elsewhere.example' })).toBe(421)
})

test('W2 the console is open to this machine itself only: not under another name, not behind a proxy', async () => {
  const { url, access } = await started({ allowedHosts: ['farwatch.city.example'] })
  expect(await statusWith(url, {})).toBe(200)
  expect(await statusWith(url, { host: 'farwatch.city.example' })).toBe(401)
  expect(await statusWith(url, { 'x-forwarded-for': '127.0.0.1' })).toBe(401)
  expect(await statusWith(url, { via: '1.1 proxy' })).toBe(401)
  access.close()
  expect(await statusWith(url, {})).toBe(401)
})

test('without built pages the console says so, and its API works', async () => {
  const { url } = await started()
  const response = await fetch(url, { headers: { accept: 'text/html' } })
  expect(response.status).toBe(503)
  expect(await response.text()).toMatch(/尚未构建[\s\S]*have not been built/)
  expect((await fetch(`${url}/api/sites`)).status).toBe(200)
})

test('F5 with a Mapbox token the page may reach Mapbox, and only then', async () => {
  const { url } = await started({ mapboxToken: 'pk.test' })
  const response = await fetch(`${url}/api/config`)
  expect(await response.json()).toMatchObject({ mapboxToken: 'pk.test' })
  expect(response.headers.get('content-security-policy')).toContain('https://api.mapbox.com')
})
