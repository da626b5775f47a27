import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import { FarwatchError } from '@farwatch/model'
import { Problem, quote } from './problem.ts'
import { importPath, sheetTypes } from './sheet-types.ts'

export interface Access {
  /** The address that is listened on. */
  readonly host: string
  /** Names under which the console may be reached, besides the loopback ones. */
  readonly allowedHosts: readonly string[]
  /** FARWATCH_ADMIN_TOKEN */
  readonly adminToken?: string
  /** Addresses or CIDR ranges of proxies that bring HTTPS, and whose word on a caller's address is taken. */
  readonly trustedProxies?: readonly string[]
}

const minTokenLength = 16
const loopbackNames: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]'])
const readOnly = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * What is asked of every request, whoever sends it: a Host that is ours (against DNS rebinding), and for changes an Origin
 * that is ours (against cross-site requests). It also knows where a request comes from.
 */
export class Guard {
  readonly #hosts: ReadonlySet<string>
  readonly #token: Buffer | undefined
  readonly #proxies: BlockList
  readonly #exposed: boolean

  constructor({ host, allowedHosts, adminToken, trustedProxies = [] }: Access) {
    this.#exposed = !isLoopback(host)
    this.#hosts = new Set([...loopbackNames, bracketed(host), ...allowedHosts].map(lower))
    this.#token = adminToken === undefined ? undefined : digest(adminToken)
    this.#proxies = blockListOf(trustedProxies)
    if (!this.#exposed) return
    if (adminToken === undefined && trustedProxies.length === 0) {
      throw new FarwatchError(
        'unprotected',
        `the console would listen on ${host}, beyond this machine, without protection: expected FARWATCH_ADMIN_TOKEN ` +
          'or trustedProxies; set one of them, or listen on 127.0.0.1',
      )
    }
    if (adminToken !== undefined && adminToken.length < minTokenLength) {
      throw new FarwatchError(
        'unprotected',
        `FARWATCH_ADMIN_TOKEN has ${adminToken.length} characters; beyond this machine at least ${minTokenLength} are expected`,
      )
    }
  }

  /** The problem with a request to the API or a page, or undefined. */
  judge(request: IncomingMessage): Problem | undefined {
    return this.#judgeHost(request) ?? this.#judgeChange(request)
  }

  /** The problem with a request of socket.io, or undefined. Browsers let any page open a WebSocket anywhere. */
  judgeSocket(request: IncomingMessage): Problem | undefined {
    const foreign = originOf(request) === 'foreign' ? crossSite(request) : undefined
    return this.#judgeHost(request) ?? foreign
  }

  /** Whether this is FARWATCH_ADMIN_TOKEN. */
  isAdminToken(bearer: string): boolean {
    return this.#token !== undefined && timingSafeEqual(digest(bearer), this.#token)
  }

  /**
   * Whether a request comes from this machine itself, to a listener that only this machine reaches: not through a proxy, and
   * not under another name, which somebody outside might be using.
   */
  isLocal(request: IncomingMessage): boolean {
    const { headers, socket } = request
    const forwarded = 'forwarded' in headers || 'x-forwarded-for' in headers || 'via' in headers
    const own = loopbackNames.has(hostOf(request)) && isLoopback(plain(socket.remoteAddress))
    return !this.#exposed && own && !forwarded
  }

  /** The address that a request comes from; of what comes through a trusted proxy, the one that the proxy saw. */
  addressOf(request: IncomingMessage): string {
    const direct = plain(request.socket.remoteAddress)
    const seen = this.#isProxy(request) ? String(request.headers['x-forwarded-for'] ?? '') : ''
    const last = seen.split(',').at(-1)?.trim() ?? ''
    return isIP(last) === 0 ? direct : last
  }

  /** Whether the browser asked over HTTPS. */
  isSecure(request: IncomingMessage): boolean {
    if ('encrypted' in request.socket) return true
    return this.#isProxy(request) && request.headers['x-forwarded-proto'] === 'https'
  }

  #judgeHost(request: IncomingMessage): Problem | undefined {
    const { headers } = request
    if (this.#hosts.has(hostOf(request))) return undefined
    return new Problem({
      status: 421,
      code: 'unknown-host',
      title: `Found Host ${quote(headers.host)}, expected 127.0.0.1, localhost, [::1] or a configured name`,
      detail: 'If the console is meant to be reached under this name, add it to allowedHosts.',
    })
  }

  #judgeChange(request: IncomingMessage): Problem | undefined {
    const { method = '', headers, url = '' } = request
    if (readOnly.has(method)) return undefined
    // None of these types can a form of a foreign page send: a browser asks before it does. Nor does it send DELETE
    // without asking first, which has no content either.
    const types = url.split('?')[0] === importPath ? sheetTypes : ['application/json']
    const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? ''
    if (method !== 'DELETE' && !types.includes(type)) {
      return new Problem({
        status: 415,
        code: 'unsupported-media-type',
        title: `Found content-type ${quote(headers['content-type'])}, expected ${types.join(' or ')}`,
      })
    }
    // A page cannot make a browser send this header, so who bears a token is not a victim of one.
    if (bearerOf(request) !== undefined) return undefined
    return originOf(request) === 'own' ? undefined : crossSite(request)
  }

  #isProxy({ socket }: IncomingMessage): boolean {
    const address = plain(socket.remoteAddress)
    const family = isIP(address)
    return family !== 0 && this.#proxies.check(address, family === 6 ? 'ipv6' : 'ipv4')
  }
}

/** Whether an address is reached from this machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** An IPv6 address as it stands in a URL. */
export function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host
}

function hostOf({ headers }: IncomingMessage): string {
  return lower(headers.host ?? '').replace(/:\d*$/, '')
}

/** An IPv4 address as such, also where a socket of IPv6 received it. */
function plain(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:/, '')
}

function originOf({ headers }: IncomingMessage): 'own' | 'foreign' | 'unknown' {
  const { origin, host } = headers
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin') return 'foreign'
  if (origin === undefined) return site === 'same-origin' ? 'own' : 'unknown'
  return URL.canParse(origin) && lower(new URL(origin).host) === lower(host ?? '') ? 'own' : 'foreign'
}

function crossSite({ headers }: IncomingMessage): Problem {
  const found = `Origin ${quote(headers.origin)}, Sec-Fetch-Site ${quote(headers['sec-fetch-site'])}`
  return new Problem({
    status: 403,
    code: 'cross-site',
    title: `Found ${found}, expected the console's own origin`,
    detail: `A program sends "Origin: http://${headers.host}", or "Authorization: Bearer …" with an API token.`,
  })
}

/** The token in the header Authorization. */
export function bearerOf({ headers }: IncomingMessage): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
}

function blockListOf(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits, more] = range.split('/')
    const family = isIP(address)
    const width = bits === undefined ? (family === 6 ? 128 : 32) : Number(bits)
    if (family === 0 || more !== undefined || !Number.isInteger(width) || width > (family === 6 ? 128 : 32)) {
      throw new FarwatchError(
        'bad-config',
        `trustedProxies: found ${quote(range)}, expected an address or ADDRESS/BITS`,
      )
    }
    list.addSubnet(address, width, family === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

function lower(text: string): string {
  return text.toLowerCase()
}
