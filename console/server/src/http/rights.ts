import { type Action, type Caller, FarwatchError, type Principal, permitsSomewhere } from '@farwatch/model'
import type { FastifyRequest } from 'fastify'
import type { App } from './app.ts'
import type { Callers } from './callers.ts'
import { Problem } from './problem.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a caller must be allowed to do to use the route; `public`: nothing. */
    action?: Action | 'public'
  }
  interface FastifyRequest {
    /** Who asks; set before any handler runs. Of a public route perhaps nobody, who may nothing. */
    principal: Principal
    /** The same with the session, where there is one; null for nobody. */
    caller: Caller | null
  }
}

/**
 * Every route says what it lets people do, and nobody who may not do that anywhere gets past here.
 * @throws FarwatchError `route-without-action` from `app.ready()`.
 */
export function enforceRights(app: App, callers: Callers): void {
  // Declared beforehand, so that all requests share one shape.
  app.decorateRequest('principal', null as unknown as Principal)
  app.decorateRequest('caller', null)

  const routes: { name: string; config: () => unknown }[] = []
  app.addHook('onRoute', (route) => {
    routes.push({ name: `${route.method} ${route.url}`, config: () => route.config?.action })
  })
  app.addHook('onReady', async () => {
    const open = routes.filter(({ config }) => config() === undefined).map(({ name }) => name)
    if (open.length > 0)
      throw new FarwatchError('route-without-action', `routes without an action: ${open.join(', ')}`)
  })

  app.addHook('onRequest', async (request) => {
    const caller = callers.of(request.raw)
    if (caller === 'wrong-token') throw unauthorized('found a wrong token')
    request.caller = caller ?? null
    request.principal = caller?.principal ?? nobody(request)
    const { action } = request.routeOptions.config
    // Without an action: no route at all, which is answered as such.
    if (action === undefined || action === 'public') return
    if (caller === undefined) throw unauthorized('found nobody who is logged in')
    const problem = problemWith(caller, action)
    if (problem !== undefined) throw problem
  })
}

/** Why somebody may not do it anywhere, or undefined. */
export function problemWith({ principal, mustChangePassword }: Caller, action: Action): Problem | undefined {
  if (mustChangePassword && action !== 'own.account') {
    return new Problem({
      status: 403,
      code: 'password-change-required',
      title: 'Found a one-time password, expected one of your own first',
      detail: 'PUT /api/account/password',
    })
  }
  return permitsSomewhere(principal, action) ? undefined : forbidden(action)
}

export function forbidden(action: Action): Problem {
  return new Problem({
    status: 403,
    code: 'forbidden',
    title: `Expected a role that may "${action}"`,
    detail: 'An administrator gives roles.',
  })
}

function unauthorized(found: string): Problem {
  return new Problem({
    status: 401,
    code: 'unauthorized',
    title: `${found[0]?.toUpperCase()}${found.slice(1)}, expected a session (POST /api/session) or "Authorization: Bearer" with a token`,
  })
}

function nobody({ ip }: FastifyRequest): Principal {
  return { actor: { account: 'anyone', name: '', via: 'open', from: ip.slice(0, 64) }, grants: [] }
}
