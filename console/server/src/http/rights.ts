import type { Action, Principal } from '@farwatch/model'
import type { FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a caller must be allowed to do to use the route. */
    action?: Action | 'public'
  }
  interface FastifyRequest {
    /** Who asks; set before any handler runs. */
    principal: Principal
  }
}

/** There are no accounts yet: whoever the guard lets in may do everything. */
export function principalOf(request: FastifyRequest): Principal {
  return {
    actor: { account: 'anyone', name: '', via: 'open', from: request.ip.slice(0, 64) },
    grants: [{ role: 'administrator', jurisdiction: null, department: null, enterprise: null }],
  }
}
