import type { Caller, Refused } from '@farwatch/model'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import {
  accountBody,
  CodeBody,
  ConfirmBody,
  MadeTokenBody,
  NewTokenBody,
  OwnAccountBody,
  PasswordBody,
  RecoveryBody,
  SecondFactorBody,
  SessionBody,
  sessionBodies,
  tokenBody,
} from '../access-schemas.ts'
import { AccountActs } from '../account-acts.ts'
import type { App, AppParts } from '../app.ts'
import { problemOfRefusal } from '../refusals.ts'
import { problemResponse } from '../schemas.ts'
import { sessionBody, setSession } from './session.ts'

const tags = ['access']
const config = { action: 'own.account' } as const
const nothing = { 204: z.undefined().describe('Done'), default: problemResponse }
const Id = z.object({ id: z.string().min(1).max(64) })

/** What people do about their own account. Whoever has none, or bears a token only, is told so. */
export function accountRoutes(app: App, { access, acts, callers, clock }: AppParts): void {
  const record = new AccountActs(acts)

  const ownCaller = ({ caller }: FastifyRequest): Caller & { session: string } => {
    if (caller?.session) return { ...caller, session: caller.session }
    throw problemOfRefusal({
      ...{
        outcome: 'refused',
        reason: 'no-account',
        detail: 'whoever asks has not logged in with an account',
      },
    })
  }
  const idOf = (request: FastifyRequest) => ownCaller(request).principal.actor.account

  app.get(
    '/api/account',
    {
      config,
      schema: {
        tags,
        summary: 'The own account with its sessions and tokens',
        response: { 200: OwnAccountBody, default: problemResponse },
      },
    },
    async (request) => {
      const caller = ownCaller(request)
      const view = access.own(caller)
      if (view === undefined) throw problemOfRefusal(unknownAccount)
      return {
        ...accountBody(view),
        openSessions: sessionBodies(access.sessions(view.id), caller.session),
        tokens: access.tokens(view.id).map(tokenBody),
      }
    },
  )

  app.put(
    '/api/account/password',
    {
      config,
      schema: {
        tags,
        summary: 'A new password; every other session of the account ends',
        body: PasswordBody,
        response: { 200: SessionBody, default: problemResponse },
      },
    },
    async (request, reply) => {
      const caller = ownCaller(request)
      const act = { action: 'account.password', account: idOf(request) }
      const { current, next } = request.body
      const done = await access.changePassword(caller, { current, next, from: callers.fromOf(request.raw) })
      if (done.outcome === 'refused') return record.refused(request, act, done)
      await record.done(request, act)
      setSession(reply, { login: done, secure: callers.isSecure(request.raw), nowMs: clock.now() })
      return sessionBody(done.caller, access.singleSignOn)
    },
  )

  app.post(
    '/api/account/second-factor',
    {
      config,
      schema: {
        tags,
        summary: 'Begins a second factor (TOTP, RFC 6238); it holds once its first code has come',
        body: ConfirmBody,
        response: { 200: SecondFactorBody, default: problemResponse },
      },
    },
    async (request) => {
      const { password } = request.body
      const { address } = callers.fromOf(request.raw)
      const done = await access.beginSecondFactor(ownCaller(request), { password, address })
      const act = { action: 'account.second-factor-begin', account: idOf(request) }
      if (done.outcome === 'refused') return record.refused(request, act, done)
      await record.done(request, act)
      return { secret: done.secret, uri: done.uri }
    },
  )

  app.put(
    '/api/account/second-factor',
    {
      config,
      schema: {
        tags,
        summary: 'The first code of a second factor that was begun; answers with recovery codes, shown once',
        body: CodeBody,
        response: { 200: RecoveryBody, default: problemResponse },
      },
    },
    async (request) => {
      const act = { action: 'account.second-factor', account: idOf(request) }
      const { address } = callers.fromOf(request.raw)
      const done = await access.confirmSecondFactor(ownCaller(request), { code: request.body.code, address })
      if (done.outcome === 'refused') return record.refused(request, act, done)
      await record.done(request, { ...act, after: { secondFactor: true } })
      return { recoveryCodes: [...done.recoveryCodes] }
    },
  )

  app.post(
    '/api/account/second-factor/remove',
    {
      config,
      schema: { tags, summary: 'Removes the second factor', body: ConfirmBody, response: nothing },
    },
    async (request, reply) => {
      const act = { action: 'account.second-factor', account: idOf(request) }
      const { password } = request.body
      const { address } = callers.fromOf(request.raw)
      const done = await access.removeSecondFactor(ownCaller(request), { password, address })
      if (done.outcome === 'refused') return record.refused(request, act, done)
      await record.done(request, { ...act, after: { secondFactor: false } })
      return reply.code(204).send(undefined)
    },
  )

  app.delete(
    '/api/account/sessions/:id',
    { config, schema: { tags, summary: 'Ends one of the own sessions', params: Id, response: nothing } },
    async (request, reply) => {
      const account = idOf(request)
      const act = { action: 'session.end', account, before: { session: request.params.id } }
      const done = await access.endSession(account, request.params.id)
      if (done.outcome === 'refused') return record.refused(request, act, done)
      await record.done(request, act)
      return reply.code(204).send(undefined)
    },
  )

  app.post(
    '/api/account/tokens',
    {
      config,
      schema: {
        tags,
        summary: 'An API token for programs, with no more rights than the account; shown once',
        body: NewTokenBody,
        response: { 201: MadeTokenBody, default: problemResponse },
      },
    },
    async (request, reply) => {
      const { name, grants, days } = request.body
      const act = { action: 'token.create', account: idOf(request), after: { name, grants, days } }
      const done = await access.createToken(ownCaller(request), { name, grants, days })
      if (done.outcome === 'refused') return record.refused(request, act, done)
      await record.done(request, act)
      return reply.code(201).send({ token: done.token, view: tokenBody(done.view) })
    },
  )

  app.delete(
    '/api/account/tokens/:id',
    { config, schema: { tags, summary: 'Revokes an API token', params: Id, response: nothing } },
    async (request, reply) => {
      const account = idOf(request)
      const act = { action: 'token.revoke', account, before: { token: request.params.id } }
      const done = await access.revokeToken(account, request.params.id)
      if (done.outcome === 'refused') return record.refused(request, act, done)
      await record.done(request, act)
      return reply.code(204).send(undefined)
    },
  )
}

const unknownAccount: Refused = {
  outcome: 'refused',
  reason: 'unknown-account',
  detail: 'the account is gone',
}
