import type { Act, ActLog, Scope } from '@farwatch/model'
import { nowhere } from '@farwatch/model'
import type { FastifyRequest } from 'fastify'
import type { App } from './app.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** `desk`: what the handler calls writes the act itself, as the registry does, whose changes are acts. */
    acts?: 'desk'
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

/** Holds every route to it: what changes something and is answered well has left an act, or the answer is a fault of ours. */
export function enforceActs(app: App): void {
  app.decorateRequest('hasActed', false)
  app.addHook('onSend', async (request, reply, payload) => {
    const { method, routeOptions, hasActed, url } = request
    const isExcused = readOnly.has(method) || routeOptions.config.acts === 'desk'
    if (!isExcused && !hasActed && reply.statusCode < 400) throw new Error(`${method} ${url} has left no act`)
    return payload
  })
}
