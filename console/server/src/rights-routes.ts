import { type Action, type Alert, entityKinds } from '@farwatch/model'

/** What a test asks of a site's things; `unknown` is a site that nobody knows. */
export interface Target {
  readonly site: string
  readonly alert: Pick<Alert, 'id'>
}

interface Asked {
  readonly path: string
  readonly body?: unknown
  /** Content-type where it is not JSON; the body is sent as it is. */
  readonly type?: string
}

/**
 * What each operation of the interface demands, written down apart from the code that demands it. `lists`: the ids of the
 * sites in an answer. `about`: one question about a site's thing; `there`: what its answer is where it may be seen.
 */
export type Expected =
  | { readonly action: 'public' }
  | { readonly action: Action; readonly plain: Asked; readonly statuses: readonly number[] }
  | { readonly action: Action; readonly path: string; readonly lists: (body: never) => readonly string[] }
  | { readonly action: Action; readonly about: (target: Target) => Asked; readonly there: number }

const siteOf = (key: string) => key.split('/')[0] ?? ''
const nobody = { id: 'nobody', session: '0123456789abcdef' }
const own = (path: string, body: unknown, statuses: readonly number[]): Expected => ({
  ...{ action: 'own.account', plain: { path, body }, statuses },
})
const change = (path: string, body: unknown, statuses: readonly number[]): Expected => ({
  ...{ action: 'accounts.change', plain: { path, body }, statuses },
})

/** The registry of this test holds nothing; what of a full one is told to whom is in the tests of the registry's routes. */
const empty = (action: Action, path: string, body?: unknown): Expected => ({
  ...{ action, plain: { path, body }, statuses: [200, 400, 404, 409, 422, 428] },
})
const registryRoutes = Object.fromEntries(
  entityKinds.flatMap((kind): [string, Expected][] => {
    const path = `/api/registry/${kind}s`
    const one = `${path}/nobody`
    return [
      [`get ${path}`, { action: 'registry.read', plain: { path }, statuses: [200] }],
      [`get ${path}/{id}`, empty('registry.read', one)],
      [`get ${path}/{id}/history`, empty('registry.read', `${one}/history`)],
      [`put ${path}/{id}`, empty('registry.change', one, { value: {}, reason: null })],
      [`delete ${path}/{id}`, empty('registry.change', one, { reason: 'r' })],
    ]
  }),
)

/** Every operation of the OpenAPI document. A new one belongs in here, or the test of rights fails. */
export const routes: Readonly<Record<string, Expected>> = {
  'get /api/session': { action: 'public' },
  'post /api/session': { action: 'public' },
  'delete /api/session': { action: 'public' },
  'get /api/session/sso': { action: 'public' },
  'get /api/session/sso/callback': { action: 'public' },
  'get /api/health': { action: 'public' },
  'get /api/openapi.json': { action: 'public' },

  'get /api/config': { action: 'monitoring.read', plain: { path: '/api/config' }, statuses: [200] },
  'get /metrics': { action: 'platform.read', plain: { path: '/metrics' }, statuses: [200] },
  // The database of this test is away; what comes of quarantine is in database.test.ts.
  'get /api/quarantine': { action: 'platform.read', plain: { path: '/api/quarantine' }, statuses: [503] },

  'get /api/sites': {
    ...{ action: 'monitoring.read', path: '/api/sites' },
    lists: (body: { id: string }[]) => body.map(({ id }) => id),
  },
  'get /api/devices': {
    ...{ action: 'monitoring.read', path: '/api/devices' },
    lists: (body: { site: string }[]) => body.map(({ site }) => site),
  },
  'get /api/points': {
    ...{ action: 'monitoring.read', path: '/api/points' },
    lists: (body: { key: string }[]) => body.map(({ key }) => siteOf(key)),
  },
  'get /api/gateways': {
    ...{ action: 'monitoring.read', path: '/api/gateways' },
    lists: (body: { id: string }[]) => body.map(({ id }) => id.replace(/^gw-/, '')),
  },
  'get /api/alerts': {
    ...{ action: 'monitoring.read', path: '/api/alerts' },
    lists: (body: { site: string }[]) => body.map(({ site }) => site),
  },
  'get /api/readings': {
    ...{ action: 'monitoring.read', there: 503 },
    about: ({ site }) => ({ path: `/api/readings?point=${site}/gas/lel` }),
  },
  'get /api/cameras/{site}/{device}/picture.jpg': {
    ...{ action: 'pictures.read', there: 200 },
    about: ({ site }) => ({ path: `/api/cameras/${site}/eye/picture.jpg` }),
  },
  'post /api/alerts/{id}/acknowledge': {
    ...{ action: 'alerts.act', there: 200 },
    about: ({ alert }) => ({ path: `/api/alerts/${alert.id}/acknowledge`, body: { by: 'A' } }),
  },

  ...registryRoutes,
  'post /api/registry/changes': empty('registry.change', '/api/registry/changes', {
    ...{ changes: [], reason: null },
  }),
  'get /api/registry/jurisdictions/{id}/succession': empty(
    ...(['registry.change', '/api/registry/jurisdictions/341602/succession?to=341623'] as const),
  ),
  'get /api/registry/devices/{id}/grade': empty('registry.read', '/api/registry/devices/E01%2Fgas/grade'),
  'get /api/registry/fields': empty('registry.read', '/api/registry/fields'),
  'get /api/registry/template.xlsx': empty('registry.read', '/api/registry/template.xlsx'),
  'get /api/registry/export.xlsx': empty('export.make', '/api/registry/export.xlsx?kind=site'),
  'get /api/registry/export.csv': empty('export.make', '/api/registry/export.csv?kind=site'),
  'post /api/registry/import': {
    ...{ action: 'registry.change', statuses: [200] },
    plain: { path: '/api/registry/import?dryRun=true', body: 'nothing', type: 'text/csv' },
  },
  'get /api/points/{key}/limits': empty('monitoring.read', '/api/points/E01%2Fgas%2Flel/limits'),

  // What of the log is told to whom is in acts.test.ts.
  'get /api/acts': { action: 'audit.read', plain: { path: '/api/acts' }, statuses: [200, 503] },
  'get /api/acts.csv': { action: 'audit.read', plain: { path: '/api/acts.csv' }, statuses: [200, 503] },
  'get /api/acts/{seq}': {
    ...{ action: 'audit.read', plain: { path: '/api/acts/999999' }, statuses: [404] },
  },
  'get /api/acts/verification': {
    ...{ action: 'audit.read', plain: { path: '/api/acts/verification' }, statuses: [200, 404] },
  },
  'post /api/acts/verification': {
    ...{ action: 'audit.read', plain: { path: '/api/acts/verification', body: {} }, statuses: [200, 202] },
  },

  'get /api/account': own('/api/account', undefined, [200]),
  'put /api/account/password': own('/api/account/password', { current: 'a', next: 'b' }, [200]),
  'post /api/account/second-factor': own('/api/account/second-factor', { password: 'a' }, [200]),
  'put /api/account/second-factor': own('/api/account/second-factor', { code: '1' }, [200]),
  'post /api/account/second-factor/remove': own(
    '/api/account/second-factor/remove',
    { password: 'a' },
    [204],
  ),
  'delete /api/account/sessions/{id}': own(`/api/account/sessions/${nobody.session}`, undefined, [404]),
  'post /api/account/tokens': own(
    '/api/account/tokens',
    {
      ...{ name: 'job', days: 1 },
      grants: [{ role: 'operator', jurisdiction: null, department: null, enterprise: null }],
    },
    [201],
  ),
  'delete /api/account/tokens/{id}': own('/api/account/tokens/t', undefined, [404]),

  'get /api/accounts': { action: 'accounts.read', plain: { path: '/api/accounts' }, statuses: [200] },
  'get /api/accounts/{id}': {
    ...{ action: 'accounts.read', plain: { path: `/api/accounts/${nobody.id}` }, statuses: [404] },
  },
  'post /api/accounts': change('/api/accounts', { id: nobody.id, name: 'N', grants: [] }, [404]),
  'patch /api/accounts/{id}': change(`/api/accounts/${nobody.id}`, { expect: 1 }, [404]),
  'post /api/accounts/{id}/reset': change(`/api/accounts/${nobody.id}/reset`, {}, [404]),
  'delete /api/accounts/{id}/sessions/{session}': change(
    ...([`/api/accounts/${nobody.id}/sessions/${nobody.session}`, undefined, [404]] as const),
  ),
}
