import {
  type AccountView,
  type Action,
  actions,
  Grant,
  Name,
  type SessionInfo,
  type SessionView,
  type TokenView,
} from '@farwatch/model'
import { z } from 'zod'
import { schemaNames } from './schemas.ts'

/** The shapes of sessions and accounts in the HTTP interface. */
const TimeMs = z.number().describe('Unix milliseconds')

const Secret = z.string().min(1).max(1_000)

export const SessionBody = z.object({
  state: z
    .enum(['out', 'in', 'open', 'password'])
    .describe(
      'out: nobody is logged in; in: somebody is; open: nobody ever has, and this machine may come in; password: a one-time password must be replaced first',
    ),
  account: z.object({ id: z.string(), name: z.string() }).nullable(),
  grants: z.array(Grant),
  actions: z.array(z.enum(Object.keys(actions) as Action[])).describe('What may be done somewhere'),
  singleSignOn: z.string().nullable().describe('Name of the single sign-on that is configured'),
}) satisfies z.ZodType<SessionInfo>
export type SessionBody = z.infer<typeof SessionBody>

export const LoginBody = z.strictObject({
  account: z.string().min(1).max(64),
  password: Secret,
  code: z.string().min(1).max(40).optional().describe('Second factor or recovery code, where there is one'),
})

export const AccountBody = z.object({
  id: z.string(),
  name: z.string(),
  grants: z.array(Grant),
  locked: z.boolean(),
  mustChangePassword: z.boolean(),
  secondFactor: z.boolean(),
  singleSignOn: z.boolean(),
  sessions: z.number().int(),
  createdMs: TimeMs,
  version: z.number().int(),
})

export const OpenSessionBody = z.object({
  id: z.string(),
  createdMs: TimeMs,
  lastUsedMs: TimeMs,
  expiresMs: TimeMs,
  from: z.string(),
  agent: z.string(),
  current: z.boolean().describe('The one that asks'),
})

export const TokenBody = z.object({
  id: z.string(),
  name: z.string(),
  grants: z.array(Grant),
  createdMs: TimeMs,
  expiresMs: TimeMs,
}) satisfies z.ZodType<TokenView>

export const OwnAccountBody = AccountBody.extend({
  openSessions: z.array(OpenSessionBody),
  tokens: z.array(TokenBody),
})
export const OthersAccountBody = AccountBody.extend({ openSessions: z.array(OpenSessionBody) })

export const PasswordBody = z.strictObject({ current: Secret, next: Secret })
export const ConfirmBody = z.strictObject({ password: Secret })
export const CodeBody = z.strictObject({ code: z.string().min(1).max(40) })
export const SecondFactorBody = z.object({ secret: z.string(), uri: z.string() })
export const RecoveryBody = z.object({ recoveryCodes: z.array(z.string()) })

const Grants = z.array(Grant).max(50)
const PersonName = z.string().trim().min(1).max(100)

export const NewTokenBody = z.strictObject({
  name: z.string().trim().min(1).max(100),
  grants: Grants.min(1),
  days: z.number().int().min(1).max(365),
})
export const MadeTokenBody = z.object({ token: z.string().describe('Shown once'), view: TokenBody })

export const NewAccountBody = z.strictObject({ id: Name, name: PersonName, grants: Grants })
export const ChangeAccountBody = z.strictObject({
  expect: z.number().int().describe('The version that was seen'),
  name: PersonName.optional(),
  grants: Grants.optional(),
  locked: z.boolean().optional(),
})
export const ResetBody = z.strictObject({
  secondFactor: z.boolean().default(false).describe('Whether the second factor goes too'),
})
export const HandedOutBody = z.object({
  account: AccountBody,
  oneTimePassword: z.string().describe('Shown once; holds for 72 hours'),
})

for (const [id, schema] of Object.entries({
  Account: AccountBody,
  Grant,
  OpenSession: OpenSessionBody,
  Session: SessionBody,
  Token: TokenBody,
}))
  schemaNames.add(schema, { id })

export function accountBody(view: AccountView): z.infer<typeof AccountBody> {
  return { ...view, grants: [...view.grants] }
}

export function tokenBody(view: TokenView): z.infer<typeof TokenBody> {
  return { ...view, grants: [...view.grants] }
}

/** `own`: id of the session that asks. */
export function sessionBodies(views: readonly SessionView[], own: string | null) {
  return views.map((view) => ({ ...view, current: view.id === own }))
}
