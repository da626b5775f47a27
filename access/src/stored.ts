import { Grant, Name } from '@farwatch/model'
import { z } from 'zod'

/** Bounds of what is kept. */
export const bounds = {
  accounts: 100_000,
  grantsPerAccount: 50,
  tokensPerAccount: 20,
  sessionsPerAccount: 10,
  sessions: 20_000,
} as const

const Sha256 = z.string().length(64)

export const StoredToken = z.strictObject({
  id: z.string().max(32),
  name: z.string().min(1).max(100),
  grants: z.array(Grant).max(bounds.grantsPerAccount),
  sha256: Sha256,
  createdMs: z.number(),
  expiresMs: z.number(),
})
export type StoredToken = z.infer<typeof StoredToken>

export const StoredAccount = z.strictObject({
  name: z.string().min(1).max(100),
  grants: z.array(Grant).max(bounds.grantsPerAccount),
  /** argon2id in the PHC string format; null where there is none to log in with. */
  password: z.string().max(300).nullable(),
  mustChangePassword: z.boolean(),
  /** After it the password lets nobody in; null: never. */
  passwordExpiresMs: z.number().nullable(),
  locked: z.boolean(),
  /** Sessions of an older version have ended. */
  version: z.number().int().min(1),
  createdMs: z.number(),
  secondFactor: z
    .strictObject({
      /** Base32, RFC 4648 */
      secret: z.string().max(64),
      /** The newest time step whose code has been taken: none is taken twice. */
      lastStep: z.number().int(),
      recoverySha256: z.array(Sha256).max(20),
    })
    .nullable(),
  singleSignOn: z.strictObject({ issuer: z.string().max(500), subject: z.string().max(300) }).nullable(),
  tokens: z.array(StoredToken).max(bounds.tokensPerAccount),
})
export type StoredAccount = z.infer<typeof StoredAccount>

/** `HOME/accounts.json` */
export const StoredAccounts = z.strictObject({
  v: z.literal(1),
  /** When somebody logged in for the first time; null: nobody has, and this machine's own listener is open. */
  firstLoginMs: z.number().nullable(),
  accounts: z.record(Name, StoredAccount),
})
export type StoredAccounts = z.infer<typeof StoredAccounts>

export const StoredSession = z.strictObject({
  account: Name,
  /** Of the account when it logged in. */
  version: z.number().int(),
  createdMs: z.number(),
  lastUsedMs: z.number(),
  expiresMs: z.number(),
  from: z.string().max(64),
  agent: z.string().max(200),
})
export type StoredSession = z.infer<typeof StoredSession>

/** `HOME/sessions.json`, by the SHA-256 of the cookie. */
export const StoredSessions = z.strictObject({
  v: z.literal(1),
  sessions: z.record(Sha256, StoredSession),
})
export type StoredSessions = z.infer<typeof StoredSessions>
