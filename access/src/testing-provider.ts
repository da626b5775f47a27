import { createServer } from 'node:http'
import Provider from 'oidc-provider'

/** A real OpenID provider on loopback, whose people log in by name alone; `groups` is what it says of each. */
export async function startProvider(client: { id: string; secret: string; redirect: string }) {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const issuer = `http://127.0.0.1:${port}`
  const groups = new Map<string, string[]>()
  const provider = new Provider(issuer, {
    clients: [{ client_id: client.id, client_secret: client.secret, redirect_uris: [client.redirect] }],
    claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'groups'] },
    cookies: { keys: ['for a test only'] },
    pkce: { required: () => true },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        name: `Name of ${id}`,
        preferred_username: id,
        groups: groups.get(id) ?? [],
      }),
    }),
  })
  // It warns of what must not be done in production: http, forms of its own, keys in memory.
  server.on('request', provider.callback())
  return {
    issuer,
    groups,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Goes through the provider's pages as a browser would; answers with the address that leads back to us. */
export async function logInAtProvider(start: string, name: string): Promise<URL> {
  const jar = new Map<string, string>()
  const go = async (url: string, form?: Record<string, string>): Promise<Response> => {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: Array.from(jar, ([key, value]) => `${key}=${value}`).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [key = '', value = ''] = cookie.split(';')[0]?.split(/=(.*)/s) ?? []
      jar.set(key, value)
    }
    return response
  }
  const { origin } = new URL(start)
  let url = start
  for (let step = 0; step < 20; step++) {
    let response = await go(url)
    if (response.status === 200) {
      const prompt = /name="prompt" value="(\w+)"/.exec(await response.text())?.[1] ?? ''
      response = await go(url, { prompt, login: name, password: 'any' })
    }
    url = new URL(response.headers.get('location') ?? '', url).href
    if (!url.startsWith(origin)) return new URL(url)
  }
  throw new Error(`the provider leads in a circle: ${url}`)
}
