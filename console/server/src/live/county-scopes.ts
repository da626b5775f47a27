import type { Registry, Scope } from '@farwatch/model'
import type { Scopes } from './views.ts'

/** Where sites lie as `registry.yaml` alone tells it: in their county, of no department or enterprise in particular. */
export function countyScopes({ sites }: Registry): Scopes {
  const known = new Map(
    sites.map(({ id, county = null }): [string, Scope] => [
      id,
      { jurisdiction: county, departments: [], enterprise: null },
    ]),
  )
  return {
    scopeOf: (kind, id) => (kind === 'site' ? known.get(id) : undefined),
    subscribe: () => () => undefined,
  }
}
