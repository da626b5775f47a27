import { createHash } from 'node:crypto'
import { FarwatchError, Grant, messageOf, Name, type Refused } from '@farwatch/model'
import type { Clock } from '@farwatch/runtime'
import * as oidc from 'openid-client'
import { z } from 'zod'
import { refused } from './accounts.ts'
import { grantProblem } from './grants.ts'
import { bounds } from './stored.ts'

/** OpenID Connect, as the environment configures it. */
export const SingleSignOnConfig = z.strictObject({
  /** As the button names it. */
  name: z.string().min(1).max(60),
  issuer: z.url(),
  clientId: z.string().min(1).max(300),
  clientSecret: z.string().min(1).max(1_000),
  /** Where people reach the console: `https://farwatch.city.example`. */
  origin: z.url(),
  /** The claim that names a person's groups. */
  claim: z.string().min(1).max(100),
  /** What each group may; null: administrators give rights by hand. */
  grants: z.record(z.string().max(300), z.array(Grant).max(bounds.grantsPerAccount)).nullable(),
})
export type SingleSignOnConfig = z.infer<typeof SingleSignOnConfig>

/** Whom the provider has vouched for. */
export interface Vouched {
  readonly issuer: string
  readonly subject: string
  readonly name: string
  /** What the account is called, unless somebody else is. */
  readonly wishedId: string
  /** An id that is nobody else's. */
  readonly certainId: string
  /** What the provider's groups allow; null where it doesn't decide. */
  readonly grants: Grant[] | null
}

interface Begun {
  readonly verifier: string
  readonly nonce: string
  readonly untilMs: number
}

/** Path of the console to which the provider sends people back. */
export const callbackPath = '/api/session/sso/callback'
const withinMs = 10 * 60_000
/** Logins under way; the oldest is forgotten first. */
const atOnce = 1_000
const timeoutS = 10

/** Authorization code flow with PKCE and nonce (OpenID Connect Core 1.0, section 3.1; RFC 7636). */
export class SingleSignOn {
  readonly #config: SingleSignOnConfig
  readonly #clock: Pick<Clock, 'now'>
  readonly #begun = new Map<string, Begun>()
  #provider: Promise<oidc.Configuration> | undefined

  constructor(config: SingleSignOnConfig, clock: Pick<Clock, 'now'>) {
    this.#config = config
    this.#clock = clock
  }

  get name(): string {
    return this.#config.name
  }

  /** @throws FarwatchError `single-sign-on-unavailable` (retryable). */
  async begin(): Promise<{ url: string; state: string }> {
    const provider = await this.#discovered()
    const verifier = oidc.randomPKCECodeVerifier()
    const state = oidc.randomState()
    const nonce = oidc.randomNonce()
    const url = oidc.buildAuthorizationUrl(provider, {
      redirect_uri: this.#redirect().href,
      scope: 'openid profile email',
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...{ state, nonce },
    })
    this.#begun.set(state, { verifier, nonce, untilMs: this.#clock.now() + withinMs })
    if (this.#begun.size > atOnce) this.#begun.delete(this.#begun.keys().next().value!)
    return { url: url.href, state }
  }

  /** `state`: what this browser was given when it began; `query`: what it brings back. */
  async finish(query: string, state: string): Promise<Vouched | Refused> {
    const begun = this.#begun.get(state)
    this.#begun.delete(state)
    if (begun === undefined || begun.untilMs < this.#clock.now())
      return refused('single-sign-on-failed', 'this login was not begun here or took too long; begin again')
    const provider = await this.#discovered()
    const answer = this.#redirect()
    answer.search = query
    try {
      const tokens = await oidc.authorizationCodeGrant(provider, answer, {
        ...{ pkceCodeVerifier: begun.verifier, expectedState: state, expectedNonce: begun.nonce },
        idTokenExpected: true,
      })
      const claims = tokens.claims()
      if (claims === undefined)
        return refused('single-sign-on-failed', 'the provider said nothing of who it is')
      const more =
        claims[this.#config.claim] === undefined || claims.name === undefined
          ? await oidc.fetchUserInfo(provider, tokens.access_token, claims.sub)
          : {}
      return this.#vouched({ ...more, ...claims })
    } catch (error) {
      const detail = `the provider's answer is not taken: ${messageOf(error).slice(0, 300)}`
      return refused('single-sign-on-failed', detail)
    }
  }

  #vouched(claims: Readonly<Record<string, unknown>> & { iss: string; sub: string }): Vouched {
    const text = (claim: unknown) => (typeof claim === 'string' && claim !== '' ? claim : undefined)
    const { iss: issuer, sub: subject } = claims
    const certainId = `sso-${createHash('sha256').update(`${issuer} ${subject}`).digest('hex').slice(0, 16)}`
    const wished = Name.safeParse(text(claims.preferred_username) ?? text(claims.email)?.split('@')[0])
    return {
      ...{ issuer, subject, certainId, wishedId: wished.success ? wished.data : certainId },
      name: (text(claims.name) ?? text(claims.preferred_username) ?? certainId).slice(0, 100),
      grants: this.#grantsOf(claims[this.#config.claim]),
    }
  }

  #grantsOf(claim: unknown): Grant[] | null {
    const { grants } = this.#config
    if (grants === null) return null
    const groups = (Array.isArray(claim) ? claim : [claim]).filter((one) => typeof one === 'string')
    const found = groups.flatMap((group) => (Object.hasOwn(grants, group) ? grants[group]! : []))
    return found.slice(0, bounds.grantsPerAccount)
  }

  #redirect(): URL {
    return new URL(callbackPath, this.#config.origin)
  }

  /** Asked when the first person comes, and again as long as it fails: the platform starts without the provider. */
  #discovered(): Promise<oidc.Configuration> {
    const { issuer, clientId, clientSecret } = this.#config
    const url = new URL(issuer)
    const execute = isLoopback(url) ? [oidc.allowInsecureRequests] : []
    this.#provider ??= oidc
      .discovery(url, clientId, clientSecret, undefined, { execute, timeout: timeoutS })
      .catch((cause: unknown) => {
        this.#provider = undefined
        const message = `the provider of single sign-on, ${issuer}, does not answer: ${messageOf(cause)}`
        throw new FarwatchError('single-sign-on-unavailable', message, { retryable: true, cause })
      })
    return this.#provider
  }
}

/**
 * Single sign-on as the environment configures it; undefined where it doesn't.
 * @throws FarwatchError `bad-config` that says which variable is wrong.
 */
export function singleSignOnOf(
  environment: Readonly<Record<string, string | undefined>>,
): SingleSignOnConfig | undefined {
  const issuer = environment.FARWATCH_OIDC_ISSUER
  if (!issuer) return undefined
  const bad = (name: string, what: string) => new FarwatchError('bad-config', `${name}: ${what}`)
  let grants: unknown = null
  try {
    grants = JSON.parse(environment.FARWATCH_OIDC_GRANTS || 'null')
  } catch {
    throw bad('FARWATCH_OIDC_GRANTS', 'found something that is not JSON, expected {"GROUP": [GRANT, …], …}')
  }
  const parsed = SingleSignOnConfig.safeParse({
    ...{ name: environment.FARWATCH_OIDC_NAME || 'SSO', issuer, grants },
    ...{
      clientId: environment.FARWATCH_OIDC_CLIENT_ID,
      clientSecret: environment.FARWATCH_OIDC_CLIENT_SECRET,
    },
    ...{ origin: environment.FARWATCH_OIDC_ORIGIN, claim: environment.FARWATCH_OIDC_CLAIM || 'groups' },
  })
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const [field = '', ...rest] = issue?.path ?? []
    const name = `FARWATCH_OIDC_${String(field).replace(/[A-Z]/g, '_$&').toUpperCase()}`
    throw bad([name, ...rest].join('.'), issue?.message ?? '')
  }
  const config = parsed.data
  if (new URL(config.issuer).protocol !== 'https:' && !isLoopback(new URL(config.issuer)))
    throw bad('FARWATCH_OIDC_ISSUER', `found ${config.issuer}, expected https (http on this machine only)`)
  const problem = Object.values(config.grants ?? {})
    .flat()
    .map(grantProblem)
    .find((one) => one !== undefined)
  if (problem !== undefined) throw bad('FARWATCH_OIDC_GRANTS', problem)
  return config
}

function isLoopback({ hostname }: URL): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
}
