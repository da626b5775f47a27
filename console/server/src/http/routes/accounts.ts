import type { AccountView, Refused } from '@farwatch/model'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import {
  AccountBody,
  accountBody,
  ChangeAccountBody,
  HandedOutBody,
  NewAccountBody,
  OthersAccountBody,
  ResetBody,
  sessionBodies,
} from '../access-schemas.ts'
import { AccountActs, accountOnRecord } from '../account-acts.ts'
import type { App, AppParts } from '../app.ts'
import { problemOfRefusal } from '../refusals.ts'
import { problemResponse } from '../schemas.ts'

const tags = ['access']
const read = { action: 'accounts.read' } as const
const change = { action: 'accounts.change' } as const
const Id = z.object({ id: z.string().min(1).max(64) })

/** What those do who manage accounts. An account that may more than they is to them as if it were not there. */
export function accountsRoutes(app: App, { access, acts }: AppParts): void {
  const record = new AccountActs(acts)

  const known = ({ principal }: FastifyRequest, id: string): AccountView => {
    const view = access.account(principal, id)
    if (view === undefined) throw problemOfRefusal(unknown(id))
    return view
  }

  app.get(
    '/api/accounts',
    {
      config: read,
      schema: {
        tags,
        summary: 'Accounts within the caller’s own rights',
        response: { 200: z.array(AccountBody), default: problemResponse },
      },
    },
    async ({ principal }) => access.accounts(principal).map(accountBody),
  )

  app.post(
    '/api/accounts',
    {
      config: change,
      schema: {
        tags,
        summary: 'A new account with a one-time password; with no rights beyond the caller’s own',
        body: NewAccountBody,
        response: { 201: HandedOutBody, default: problemResponse },
      },
    },
    async (request, reply) => {
      const { id, name, grants } = request.body
      const act = { action: 'account.create', account: id, after: { name, grants } }
      const done = await access.createAccount(request.principal, { id, name, grants })
      if (done.outcome === 'refused') return record.refused(request, act, done)
      await record.done(request, act)
      const { account, oneTimePassword } = done
      return reply.code(201).send({ account: accountBody(account), oneTimePassword })
    },
  )

  app.get(
    '/api/accounts/:id',
    {
      config: read,
      schema: {
        tags,
        summary: 'One account with its sessions',
        params: Id,
        response: { 200: OthersAccountBody, default: problemResponse },
      },
    },
    async (request) => {
      const view = known(request, request.params.id)
      const sessions = sessionBodies(access.sessions(view.id), request.caller?.session ?? null)
      return { ...accountBody(view), openSessions: sessions }
    },
  )

  app.patch(
    '/api/accounts/:id',
    {
      config: change,
      schema: {
        tags,
        summary: 'Changes name, rights or lock; its sessions end',
        params: Id,
        body: ChangeAccountBody,
        response: { 200: AccountBody, default: problemResponse },
      },
    },
    async (request) => {
      const { id } = request.params
      const { expect, name, grants, locked } = request.body
      const act = { action: 'account.change', account: id }
      const done = await access.changeAccount(request.principal, id, {
        expect,
        ...(name === undefined ? {} : { name }),
        ...(grants === undefined ? {} : { grants }),
        ...(locked === undefined ? {} : { locked }),
      })
      if (done.outcome === 'refused') return record.refused(request, act, done)
      const { before, account } = done
      await record.done(request, { ...act, before: accountOnRecord(before), after: accountOnRecord(account) })
      return accountBody(account)
    },
  )

  app.post(
    '/api/accounts/:id/reset',
    {
      config: change,
      schema: {
        tags,
        summary: 'A new one-time password; sessions end, and so does the waiting after failed attempts',
        params: Id,
        body: ResetBody,
        response: { 200: HandedOutBody, default: problemResponse },
      },
    },
    async (request) => {
      const { id } = request.params
      const { secondFactor } = request.body
      const act = { action: 'account.reset', account: id, after: { secondFactorRemoved: secondFactor } }
      const done = await access.resetAccount(request.principal, id, { secondFactor })
      if (done.outcome === 'refused') return record.refused(request, act, done)
      await record.done(request, act)
      return { account: accountBody(done.account), oneTimePassword: done.oneTimePassword }
    },
  )

  app.delete(
    '/api/accounts/:id/sessions/:session',
    {
      config: change,
      schema: {
        tags,
        summary: 'Ends a session of somebody else',
        params: Id.extend({ session: z.string().min(1).max(64) }),
        response: { 204: z.undefined().describe('Done'), default: problemResponse },
      },
    },
    async (request, reply) => {
      const { id, session } = request.params
      const view = known(request, id)
      const act = { action: 'session.end', account: view.id, before: { session } }
      const done = await access.endSession(view.id, session)
      if (done.outcome === 'refused') return record.refused(request, act, done)
      await record.done(request, act)
      return reply.code(204).send(undefined)
    },
  )
}

function unknown(id: string): Refused {
  return { outcome: 'refused', reason: 'unknown-account', detail: `there is no account ${id}` }
}
