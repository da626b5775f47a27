import type { IncomingMessage } from 'node:http'
import type { AccessDesk, Caller, From, Grant } from '@farwatch/model'
import { readCookie } from './cookies.ts'
import { bearerOf, type Guard } from './guard.ts'

export const sessionCookie = 'farwatch-session'

const everywhere = { jurisdiction: null, department: null, enterprise: null }
const administrator: readonly Grant[] = [{ role: 'administrator', ...everywhere }]
/** What the console allows as long as nobody has logged in; nothing of accounts. */
const openGrants: readonly Grant[] = [
  { role: 'operator', ...everywhere },
  { role: 'manager', ...everywhere },
]

/** Tells who asks: by API token, FARWATCH_ADMIN_TOKEN, session cookie, or because the console is still open. */
export class Callers {
  readonly #guard: Guard
  readonly #access: AccessDesk

  constructor(guard: Guard, access: AccessDesk) {
    this.#guard = guard
    this.#access = access
  }

  /** The caller, `wrong-token` for a bearer token that is none (whatever else comes with it), undefined for nobody. */
  of(request: IncomingMessage): Caller | 'wrong-token' | undefined {
    return this.track(request)()
  }

  /** The same question, to be asked again as often as wanted: also when the request's connection has gone. */
  track(request: IncomingMessage): () => Caller | 'wrong-token' | undefined {
    const guard = this.#guard
    const access = this.#access
    const address = guard.addressOf(request)
    const bearer = bearerOf(request)
    if (bearer !== undefined) {
      if (guard.isAdminToken(bearer)) return () => without('admin-token', { address, grants: administrator })
      return () => access.byToken(bearer, address) ?? 'wrong-token'
    }
    const secret = this.secretOf(request)
    const isLocal = guard.isLocal(request)
    return () => {
      const caller = secret === undefined ? undefined : access.bySession(secret, address)
      if (caller !== undefined || !access.open || !isLocal) return caller
      return without('open', { address, grants: openGrants })
    }
  }

  /** The secret of the session that a browser brings. */
  secretOf(request: IncomingMessage): string | undefined {
    return readCookie(request, sessionCookie, this.#guard.isSecure(request))
  }

  fromOf(request: IncomingMessage): From {
    return { address: this.#guard.addressOf(request), agent: request.headers['user-agent'] ?? '' }
  }

  isSecure(request: IncomingMessage): boolean {
    return this.#guard.isSecure(request)
  }
}

/** Somebody without an account. */
function without(
  via: 'admin-token' | 'open',
  { address, grants }: { address: string; grants: readonly Grant[] },
): Caller {
  const account = via === 'admin-token' ? 'admin-token' : 'anyone'
  const name = via === 'admin-token' ? 'FARWATCH_ADMIN_TOKEN' : ''
  const actor = { account, name, via, from: address.slice(0, 64) }
  return { principal: { actor, grants }, session: null, mustChangePassword: false }
}
