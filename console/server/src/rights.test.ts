import {
  actions,
  type ClientToServer,
  type Grant,
  Registry,
  type Role,
  roles,
  type Scope,
  type ServerToClient,
} from '@farwatch/model'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Expected, routes, type Target } from './rights-routes.ts'
import { alertOf, eventually, jpeg, Page, registryOf, startConsole, telemetry } from './testing.ts'

/**
 * Every operation of the OpenAPI document and every socket event × every role × own and other jurisdiction, department and
 * enterprise × nobody. What is expected follows from the table of actions and from where the sites lie, as written here.
 */

const enterprise = (letter: string) => `9134160000000000${letter}X`
/** The first is what those with limits are responsible for; each of the others differs from it in one respect. */
const places: Readonly<Record<string, Scope>> = {
  OWN: { jurisdiction: '341602', departments: ['yingji'], enterprise: enterprise('A') },
  OTHERCOUNTY: { jurisdiction: '341623', departments: ['yingji'], enterprise: enterprise('B') },
  OTHERDEPARTMENT: { jurisdiction: '341602', departments: ['huanbao'], enterprise: enterprise('C') },
}
const registered = Object.keys(places)
/** Nobody has registered this one: it lies nowhere. */
const stray = 'STRAY'
const everySite = [...registered, stray]
const targets = new Map(
  everySite.map((site, n): [string, Target] => [site, { site, alert: alertOf(n + 1, { site }) }]),
)
const unknown: Target = { site: 'NOSUCH', alert: { id: 'f'.repeat(32) } }

interface Person {
  readonly name: string
  readonly role: Role
  readonly grants: readonly Grant[]
  /** The sites that lie within the grants. */
  readonly reach: readonly string[]
}

const limitedTo = { jurisdiction: '341602', department: 'yingji', enterprise: null }
const everywhere = { jurisdiction: null, department: null, enterprise: null }
const people: readonly Person[] = roles.flatMap((role): Person[] =>
  role === 'enterprise'
    ? [{ name: role, role, grants: [{ ...everywhere, role, enterprise: enterprise('A') }], reach: ['OWN'] }]
    : [
        { name: `${role}-here`, role, grants: [{ role, ...limitedTo }], reach: ['OWN'] },
        {
          ...{ name: `${role}-county`, role, reach: ['OWN', 'OTHERDEPARTMENT'] },
          grants: [{ role, ...everywhere, jurisdiction: '341602' }],
        },
        {
          ...{ name: `${role}-department`, role, reach: ['OWN', 'OTHERCOUNTY'] },
          grants: [{ role, ...everywhere, department: 'yingji' }],
        },
        { name: `${role}-everywhere`, role, grants: [{ role, ...everywhere }], reach: everySite },
      ],
)
const may = ({ role }: Person, action: keyof typeof actions) =>
  (actions[action] as readonly Role[]).includes(role)

const registry = Registry.parse({
  sites: registered.map((id) => ({
    ...{ id, name: { zh: id, en: id }, latitude: 33.8, longitude: 115.7, gateway: `gw-${id}` },
    devices: [
      {
        ...{ id: 'gas', name: { zh: 'gas', en: 'gas' } },
        points: [{ metric: 'lel', name: { zh: 'lel', en: 'lel' } }],
      },
      { id: 'eye', name: { zh: 'eye', en: 'eye' }, kind: 'camera', frigateCamera: `eye-${id}` },
    ],
  })),
})

let console: Awaited<ReturnType<typeof startConsole>>

beforeAll(async () => {
  console = await startConsole(
    { socketBounds: { periodMs: 10, snapshotEveryMs: 20 }, requestBounds: { burst: 1_000_000 } },
    {
      registryDesk: {
        ...registryOf(registry),
        scopeOf: (kind, id) => (kind === 'site' ? places[id] : undefined),
      },
    },
  )
  for (const { name, grants } of people) {
    console.access.enter(name, grants)
    console.access.giveToken(name, grants)
  }
  console.access.enter('newcomer', people.at(-1)?.grants ?? [], { mustChangePassword: true })
  console.access.close()
  await somethingEverywhere(1)
  await eventually(
    async () => (await lists('/api/points', 'administrator-everywhere')).length === everySite.length,
  )
})

afterAll(() => console.stop())

/** A reading, an alert and a picture at every site. */
async function somethingEverywhere(value: number) {
  const receivedMs = Date.now()
  for (const site of everySite) {
    await console.append(telemetry(`${site}/gas`, { lel: value }))
    const bytes = jpeg(`${site} ${value}`)
    if (site !== stray)
      await console.append({ kind: 'picture', receivedMs, camera: `eye-${site}`, label: '', bytes })
    console.desk.put(alertOf(0, { ...targets.get(site)!.alert, site, worst: value }))
  }
}

function ask(
  method: string,
  path: string,
  { as, body, type }: { as?: string; body?: unknown; type?: string | undefined } = {},
) {
  return fetch(console.url + path, {
    method: method.toUpperCase(),
    headers: {
      origin: console.url,
      ...(as === undefined ? {} : { cookie: `farwatch-session=secret-of-${as}` }),
      ...(body === undefined ? {} : { 'content-type': type ?? 'application/json' }),
    },
    ...(body === undefined ? {} : { body: type === undefined ? JSON.stringify(body) : String(body) }),
    redirect: 'manual',
  })
}

async function lists(path: string, as: string): Promise<unknown[]> {
  return (await (await ask('get', path, { as })).json()) as unknown[]
}

/** One question of the operation, whatever it is about. */
function anyQuestion(expected: Exclude<Expected, { action: 'public' }>): {
  path: string
  body?: unknown
  type?: string
} {
  if ('plain' in expected) return expected.plain
  return 'about' in expected ? expected.about(targets.get('OWN')!) : { path: expected.path }
}

const operations = Object.entries(routes).map(([name, expected]) => {
  const [method = '', path = ''] = name.split(' ')
  return { name, method, path, expected }
})
const closed = operations.flatMap(({ expected, ...operation }) =>
  expected.action === 'public' ? [] : [{ ...operation, expected }],
)

test('W3 every operation of the OpenAPI document is in the table of this test, with its action', async () => {
  const document = (await (await fetch(`${console.url}/api/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { 'x-action'?: string }>>
  }
  const found = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method} ${path}`, operation['x-action']]),
  )
  const expected = operations.map(({ name, expected: { action } }) => [name, action])
  expect(found.sort()).toEqual(expected.sort())
})

test('W3 who has not logged in gets nothing but what is public', async () => {
  for (const { name, method, expected } of closed) {
    const { path, body, type } = anyQuestion(expected)
    expect([name, (await ask(method, path, { body, type })).status]).toEqual([name, 401])
    if (method !== 'get') continue
    expect([name, (await ask('head', path)).status]).toEqual([name, 401])
  }
  expect((await ask('get', '/api/health')).status).not.toBe(401)
})

test('W3 who must change a one-time password first can do that and nothing else', async () => {
  for (const { name, method, expected } of closed) {
    const { path, body, type } = anyQuestion(expected)
    const response = await ask(method, path, { as: 'newcomer', body, type })
    const problem = response.status === 403 ? ((await response.json()) as { type: string }).type : ''
    const wanted = expected.action === 'own.account' ? '' : 'urn:farwatch:problem:password-change-required'
    expect([name, problem]).toEqual([name, wanted])
  }
})

describe.each(people)('W3 $name', (person) => {
  const as = person.name

  test('may use just the operations that the role may', async () => {
    for (const { name, method, expected } of closed) {
      const { path, body, type } = anyQuestion(expected)
      const { status } = await ask(method, path, { as, body, type })
      const wanted = !may(person, expected.action)
        ? [403]
        : 'plain' in expected
          ? expected.statuses
          : [200, 503]
      expect(wanted, `${name}: ${status}`).toContain(status)
    }
  })

  test('is told of just the sites within the grants', async () => {
    for (const { name, expected } of closed) {
      if (!('lists' in expected) || !may(person, expected.action)) continue
      const sites = expected.lists((await lists(expected.path, as)) as never)
      // Nobody names a gateway for the stray site.
      const wanted = person.reach.filter((site) => site !== stray || !name.includes('gateways'))
      expect([name, [...new Set(sites)].sort()]).toEqual([name, [...wanted].sort()])
    }
  })

  test('W6 guesses an id elsewhere and hears the same as for one that is not there', async () => {
    for (const { name, method, expected } of closed) {
      if (!('about' in expected) || !may(person, expected.action)) continue
      const answer = async (target: Target) => {
        const { path, body } = expected.about(target)
        const response = await ask(method, path, { as, body })
        const text = Buffer.from(await response.arrayBuffer()).toString()
        const plain = text.replaceAll(target.site, '*').replaceAll(target.alert.id, '*')
        return { status: response.status, text: plain, type: response.headers.get('content-type') }
      }
      const nothing = await answer(unknown)
      // Who may see everything is told of the database, for a point may have been there once.
      if (person.reach !== everySite) expect([name, nothing.status]).toEqual([name, 404])
      for (const [site, target] of targets) {
        if (person.reach.includes(site)) {
          const wanted = site === stray && name.includes('cameras') ? 404 : expected.there
          expect([name, site, (await answer(target)).status]).toEqual([name, site, wanted])
        } else expect([name, site, await answer(target)]).toEqual([name, site, nothing])
      }
    }
  })

  test('has by token the rights that it has by session', async () => {
    const headers = { authorization: `Bearer token-of-${as}` }
    const response = await fetch(`${console.url}/api/sites`, { headers })
    const sites = (await response.json()) as { id: string }[]
    expect(sites.map(({ id }) => id).sort()).toEqual([...person.reach].sort())
  })
})

describe('socket', () => {
  /** What is expected of each event; a new one belongs in here, or this does not compile. */
  const events = { snapshot: true, delta: true, resync: true } satisfies Record<
    keyof ServerToClient | keyof ClientToServer,
    true
  >

  test('W3 each page is told of its own sites, readings, alerts, pictures and gateways, and of nothing else', async () => {
    const pages = people.map((person) => {
      const page = new Page(console.url, { headers: { cookie: `farwatch-session=secret-of-${person.name}` } })
      const heard: string[] = []
      page.socket.onAny((event: string, content: unknown) => {
        expect(Object.keys(events)).toContain(event)
        heard.push(JSON.stringify(content))
      })
      return { person, page, heard }
    })
    try {
      await eventually(() => pages.every(({ page }) => page.seen !== undefined))
      const rounds = [2, 3]
      for (const round of rounds) {
        await somethingEverywhere(round)
        if (round === 3) for (const { page } of pages) page.socket.emit('resync')
        const worst = (page: Page) => page.seen?.alerts.find(({ site }) => site === 'OWN')?.worst
        const value = (page: Page) =>
          page.seen?.sites.find(({ id }) => id === 'OWN')?.devices[0]?.points[0]?.last?.value
        await eventually(() => pages.every(({ page }) => worst(page) === round && value(page) === round))
        // Everything that the page who sees all has heard by now, the others have been passed over with.
        const seq = Math.max(...pages.map(({ page }) => page.seen?.seq ?? 0))
        await eventually(() => pages.every(({ page }) => (page.seen?.seq ?? 0) >= seq))
      }
      for (const { person, page, heard } of pages) {
        const { sites = [], alerts = [], gateways = [] } = page.seen ?? {}
        const wanted = [...person.reach].sort()
        expect([person.name, sites.map(({ id }) => id).sort()]).toEqual([person.name, wanted])
        expect([person.name, alerts.map(({ site }) => site).sort()]).toEqual([person.name, wanted])
        expect([person.name, gateways.map(({ id }) => id).sort()]).toEqual([
          person.name,
          wanted.filter((site) => site !== stray).map((site) => `gw-${site}`),
        ])
        const words = heard.join('\n')
        for (const site of everySite) {
          expect([person.name, site, words.includes(`"${site}`)]).toEqual([
            ...[person.name, site, person.reach.includes(site)],
          ])
        }
        expect([person.name, words.includes('picture.jpg')]).toEqual([
          person.name,
          may(person, 'pictures.read'),
        ])
        expect([person.name, page.holes]).toEqual([person.name, []])
      }
    } finally {
      for (const { page } of pages) page.close()
    }
  })

  test('W3 who is nobody, must change a password first, or bears a wrong token is not let in', async () => {
    for (const headers of [
      {},
      { cookie: 'farwatch-session=guessed' },
      { cookie: 'farwatch-session=secret-of-newcomer' },
      { authorization: 'Bearer guessed', cookie: 'farwatch-session=secret-of-operator-here' },
    ]) {
      const page = new Page(console.url, { headers: headers as Record<string, string> })
      await new Promise((resolve, reject) => {
        page.socket.once('connect_error', resolve)
        page.socket.once('snapshot', () => reject(new Error(`let in with ${JSON.stringify(headers)}`)))
      })
      page.close()
    }
  })

  test('W6 a session that ends cuts its page at once, and the same cookie opens no other', async () => {
    console.access.enter('leaver', [{ role: 'operator', ...limitedTo }])
    const headers = { cookie: 'farwatch-session=secret-of-leaver' }
    const page = new Page(console.url, { headers })
    await eventually(() => page.seen)
    const cut = new Promise<string>((resolve) => page.socket.once('disconnect', resolve))
    expect((await ask('delete', '/api/session', { as: 'leaver' })).status).toBe(204)
    await cut
    expect((await ask('get', '/api/sites', { as: 'leaver' })).status).toBe(401)
    const again = new Page(console.url, { headers })
    await new Promise((resolve) => again.socket.once('connect_error', resolve))
    again.close()
    page.close()
  })
})
