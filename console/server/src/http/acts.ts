import type { Act, ActLog, Scope } from '@farwatch/model'
import { nowhere } from '@farwatch/model'
import type { FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * How a route that changes something leaves its act: `recorded` by its handler through `recordAct`, or by the desk that it
     * calls (the registry's and the accounts' changes are acts themselves). A route without it that is not read-only does
     * not start.
     */
    acts?: 'recorded' | 'desk'
  }
  interface FastifyRequest {
    /** Whether an act of this request is in the log. */
    hasActed: boolean
  }
}

/** What a handler tells of its act; who acts, and from where, the request knows. */
export type Told = Pick<Act, 'action' | 'object'> &
  Partial<Pick<Act, 'before' | 'after' | 'outcome' | 'reason'>> & { readonly scope?: Scope }

/**
 * Writes down what somebody has done; resolves once that is durable. Call it before the answer. An act that cannot be written
 * fails the request: @throws FarwatchError `act-log-unavailable` (retryable).
 */
export async function recordAct(acts: ActLog, request: FastifyRequest, told: Told): Promise<void> {
  const {
    action,
    object,
    before = null,
    after = null,
    outcome = 'done',
    reason = null,
    scope = nowhere,
  } = told
  const { actor } = request.principal
  const { jurisdiction } = scope
  await acts.append({ action, actor, object, jurisdiction, outcome, before, after, reason })
  request.hasActed = true
}

const readOnly = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Why a route may not be: it changes something and does not say how it leaves its act. */
export function silentRoute(route: { method: string | string[]; url: string; config?: { acts?: unknown } }) {
  const changes = [route.method].flat().filter((method) => !readOnly.has(method))
  if (changes.length === 0 || route.config?.acts !== undefined) return undefined
  return `${changes.join(', ')} ${route.url} changes something but leaves no act: say config.acts`
}

/** True where a handler that should have recorded its act answered well without one. */
export function forgotAct(request: FastifyRequest, statusCode: number): boolean {
  return request.routeOptions.config.acts === 'recorded' && statusCode < 400 && !request.hasActed
}
