import { type Action, actions, type Login, permitsSomewhere } from '@farwatch/model'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { LoginBody, SessionBody } from '../access-schemas.ts'
import { AccountActs } from '../account-acts.ts'
import type { App, AppParts } from '../app.ts'
import { sessionCookie } from '../callers.ts'
import { cookieText, readCookie } from '../cookies.ts'
import { Problem } from '../problem.ts'
import { problemResponse } from '../schemas.ts'

const tags = ['access']
const config = { action: 'public' } as const
const singleSignOnCookie = 'farwatch-sso'
const singleSignOnS = 600

export function sessionRoutes(app: App, { access, acts, callers, clock }: AppParts): void {
  const record = new AccountActs(acts)

  app.get(
    '/api/session',
    {
      config,
      schema: {
        tags,
        summary: 'Who asks, and what they may do',
        response: { 200: SessionBody, default: problemResponse },
      },
    },
    async ({ caller }) => sessionBody(caller, access.singleSignOn),
  )

  app.post(
    '/api/session',
    {
      config,
      schema: {
        tags,
        summary: 'Logs in; the session is a cookie that scripts cannot read',
        body: LoginBody,
        response: { 200: SessionBody, default: problemResponse },
      },
    },
    async (request, reply) => {
      const { account, password, code } = request.body
      const act = { action: 'session.login', account }
      const done = await access.login({
        ...{ account, password, from: callers.fromOf(request.raw) },
        ...{ code, replaces: callers.secretOf(request.raw) },
      })
      if (done.outcome === 'refused') return record.refused(request, act, done)
      await record.done(request, act, done.caller)
      setSession(reply, { login: done, secure: callers.isSecure(request.raw), nowMs: clock.now() })
      return sessionBody(done.caller, access.singleSignOn)
    },
  )

  app.delete(
    '/api/session',
    {
      // Who had no session has ended none, which is no act.
      config: { ...config, acts: 'desk' },
      schema: {
        tags,
        summary: 'Logs out',
        response: { 204: z.undefined().describe('The session has ended'), default: problemResponse },
      },
    },
    async (request, reply) => {
      const secret = callers.secretOf(request.raw)
      if (secret !== undefined && request.caller?.session) {
        await access.logout(secret)
        await record.done(request, { action: 'session.logout', account: request.principal.actor.account })
      }
      const secure = callers.isSecure(request.raw)
      return reply
        .header('set-cookie', cookieText(sessionCookie, '', { secure, maxAgeS: 0, sameSite: 'Strict' }))
        .code(204)
        .send(undefined)
    },
  )

  app.get(
    '/api/session/sso',
    {
      config,
      schema: {
        tags,
        summary: 'Leads to the provider of single sign-on (OpenID Connect)',
        response: { 302: z.undefined().describe('To the provider'), default: problemResponse },
      },
    },
    async (request, reply) => {
      if (access.singleSignOn === null) throw noSingleSignOn()
      const { url, state } = await access.beginSingleSignOn()
      // Lax: the browser comes back from another site, and must bring it.
      const cookie = {
        secure: callers.isSecure(request.raw),
        maxAgeS: singleSignOnS,
        sameSite: 'Lax',
      } as const
      return reply.header('set-cookie', cookieText(singleSignOnCookie, state, cookie)).redirect(url)
    },
  )

  app.get(
    '/api/session/sso/callback',
    {
      config,
      schema: {
        tags,
        summary: 'Where the provider sends people back to; leads to the page',
        querystring: z.object({
          code: z.string().max(4_000).optional(),
          state: z.string().max(1_000).optional(),
          error: z.string().max(1_000).optional(),
        }),
        response: { 302: z.undefined().describe('To the page'), default: problemResponse },
      },
    },
    async (request, reply) => {
      if (access.singleSignOn === null) throw noSingleSignOn()
      const secure = callers.isSecure(request.raw)
      const done = await access.finishSingleSignOn({
        query: new URL(request.url, 'http://console').search,
        state: readCookie(request.raw, singleSignOnCookie, secure) ?? '',
        from: callers.fromOf(request.raw),
      })
      const gone = cookieText(singleSignOnCookie, '', { secure, maxAgeS: 0, sameSite: 'Lax' })
      if (done.outcome === 'refused') {
        const act = { action: 'session.sso', account: 'unknown' }
        await record.refused(request, act, done).catch((problem: unknown) => {
          // The page says it; what the problem was is in the log of acts.
          if (!(problem instanceof Problem)) throw problem
        })
        return reply.header('set-cookie', gone).redirect('/#/login/sso-failed')
      }
      const { account } = done.caller.principal.actor
      await record.done(request, { action: 'session.sso', account }, done.caller)
      setSession(reply.header('set-cookie', gone), { login: done, secure, nowMs: clock.now() })
      return reply.redirect('/')
    },
  )
}

/** What the page is told of whoever asks. */
export function sessionBody(caller: FastifyRequest['caller'], singleSignOn: string | null): SessionBody {
  if (caller === null) return { state: 'out', account: null, grants: [], actions: [], singleSignOn }
  const { actor, grants } = caller.principal
  const isOpen = actor.via === 'open'
  const may = (Object.keys(actions) as Action[]).filter(
    (action) =>
      permitsSomewhere(caller.principal, action) && (!caller.mustChangePassword || action === 'own.account'),
  )
  return {
    state: isOpen ? 'open' : caller.mustChangePassword ? 'password' : 'in',
    account: isOpen ? null : { id: actor.account, name: actor.name },
    ...{ grants: [...grants], actions: may, singleSignOn },
  }
}

export function setSession(
  reply: FastifyReply,
  { login, secure, nowMs }: { login: Login; secure: boolean; nowMs: number },
): void {
  const maxAgeS = Math.max(0, Math.floor((login.expiresMs - nowMs) / 1_000))
  reply.header('set-cookie', cookieText(sessionCookie, login.secret, { secure, maxAgeS, sameSite: 'Strict' }))
}

function noSingleSignOn(): Problem {
  return new Problem({ status: 404, code: 'no-single-sign-on', title: 'Single sign-on is not configured' })
}
