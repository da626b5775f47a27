import type { IncomingMessage } from 'node:http'

interface CookieOptions {
  /** Sent over HTTPS only, under a name that other sites of the domain cannot set (RFC 6265bis, 4.1.3.2). */
  readonly secure: boolean
  /** Seconds; 0 removes it. */
  readonly maxAgeS: number
  readonly sameSite: 'Strict' | 'Lax'
}

const nameOf = (name: string, secure: boolean) => (secure ? `__Host-${name}` : name)

/** The value of one of our cookies, as this connection may carry it. */
export function readCookie({ headers }: IncomingMessage, name: string, secure: boolean): string | undefined {
  const wanted = `${nameOf(name, secure)}=`
  return headers.cookie
    ?.split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(wanted))
    ?.slice(wanted.length)
}

/** The header Set-Cookie of a cookie that no script can read. */
export function cookieText(name: string, value: string, options: CookieOptions): string {
  const { secure, maxAgeS, sameSite } = options
  const parts = [`${nameOf(name, secure)}=${value}`, 'Path=/', 'HttpOnly', `SameSite=${sameSite}`]
  return [...parts, `Max-Age=${maxAgeS}`, ...(secure ? ['Secure'] : [])].join('; ')
}
