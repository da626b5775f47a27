import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { type VerifyingKey, verifyingKey } from '@farwatch/evidence'
import { FarwatchError, Name } from '@farwatch/model'
import { readIfPresent, writeAtomically } from '@farwatch/runtime'
import { z } from 'zod'

const Stored = z.strictObject({
  v: z.literal(1),
  gateways: z.record(
    Name,
    z.strictObject({ passwordSha256: z.string().length(64), publicKeys: z.array(z.string()) }),
  ),
  devices: z.record(Name, z.strictObject({ passwordSha256: z.string().length(64), site: Name })),
})
type Stored = z.infer<typeof Stored>

/** Who is connected: decides what may be published. `anonymous` exists on loopback only. */
export type Principal =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'gateway'; readonly gateway: string }
  | { readonly kind: 'device'; readonly site: string }

/**
 * Gateways and devices that may connect, in one file. Passwords are made here, 256 random bits each, so a plain hash is
 * enough to keep them: nothing can be guessed. The file does not need the database, so that intake works without it.
 */
export class Credentials {
  readonly #path: string
  #stored: Stored
  #modifiedMs: number
  #changing: Promise<void> = Promise.resolve()
  readonly #keys = new Map<string, readonly VerifyingKey[]>()

  private constructor(path: string) {
    this.#path = path
    this.#stored = { v: 1, gateways: {}, devices: {} }
    this.#modifiedMs = 0
  }

  /** @throws FarwatchError `bad-credentials` when the file cannot be understood. */
  static async open(path: string): Promise<Credentials> {
    const credentials = new Credentials(path)
    await credentials.refresh()
    return credentials
  }

  /** Takes in what another process (`farwatch enrol`) has written meanwhile. @throws FarwatchError `bad-credentials`. */
  async refresh(): Promise<void> {
    const modifiedMs = await stat(this.#path).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    )
    if (modifiedMs === this.#modifiedMs) return
    const text = await readIfPresent(this.#path)
    try {
      this.#stored = Stored.parse(JSON.parse(text ?? ''))
    } catch (cause) {
      const message = `${this.#path} cannot be understood; restore it or remove it`
      throw new FarwatchError('bad-credentials', message, { cause })
    }
    this.#modifiedMs = modifiedMs
    this.#keys.clear()
  }

  /** Lets a gateway in (again) and returns its new password, shown once and not kept. */
  async enrolGateway(gateway: string, publicKey?: string): Promise<string> {
    const password = randomBytes(32).toString('base64url')
    await this.#change(({ gateways, ...rest }) => {
      const publicKeys = (Object.hasOwn(gateways, gateway) ? gateways[gateway]?.publicKeys : undefined) ?? []
      const added = publicKey === undefined || publicKeys.includes(publicKey) ? [] : [publicKey]
      const enrolled = {
        passwordSha256: sha256(password).toString('hex'),
        publicKeys: [...publicKeys, ...added],
      }
      return { ...rest, gateways: { ...gateways, [gateway]: enrolled } }
    })
    return password
  }

  /** Lets a device in that publishes `telemetry/SITE/#` itself. From then on nobody is anonymous. */
  async enrolDevice(name: string, site: string): Promise<string> {
    const password = randomBytes(32).toString('base64url')
    const device = { passwordSha256: sha256(password).toString('hex'), site }
    await this.#change((stored) => ({ ...stored, devices: { ...stored.devices, [name]: device } }))
    return password
  }

  get anonymousAllowed(): boolean {
    return Object.keys(this.#stored.devices).length === 0
  }

  get gateways(): readonly string[] {
    return Object.keys(this.#stored.gateways)
  }

  isGateway(name: string): boolean {
    return Object.hasOwn(this.#stored.gateways, name)
  }

  /** The principal behind a user name and password, or undefined. */
  check(user: string, password: Uint8Array): Principal | undefined {
    const gateway = Object.hasOwn(this.#stored.gateways, user) ? this.#stored.gateways[user] : undefined
    const device = Object.hasOwn(this.#stored.devices, user) ? this.#stored.devices[user] : undefined
    const expected = gateway?.passwordSha256 ?? device?.passwordSha256 ?? '0'.repeat(64)
    const matches = timingSafeEqual(sha256(password), Buffer.from(expected, 'hex'))
    if (!matches) return undefined
    if (gateway) return { kind: 'gateway', gateway: user }
    return device ? { kind: 'device', site: device.site } : undefined
  }

  /** Keys that may sign this gateway's batches. */
  keysOf(gateway: string): readonly VerifyingKey[] {
    let keys = this.#keys.get(gateway)
    if (keys === undefined) {
      const stored = Object.hasOwn(this.#stored.gateways, gateway)
        ? this.#stored.gateways[gateway]
        : undefined
      keys = (stored?.publicKeys ?? []).map(verifyingKey)
      this.#keys.set(gateway, keys)
    }
    return keys
  }

  /**
   * Trust on first use: the first key that an authenticated gateway shows becomes its key. Later ones are refused until
   * someone enrols them. True when the key is (now) trusted.
   */
  async offerKey(gateway: string, publicKey: string): Promise<boolean> {
    if (this.#trusts(gateway, publicKey)) return true
    verifyingKey(publicKey)
    await this.#change((stored) => {
      const known = Object.hasOwn(stored.gateways, gateway) ? stored.gateways[gateway] : undefined
      if (known === undefined || known.publicKeys.length > 0) return stored
      return { ...stored, gateways: { ...stored.gateways, [gateway]: { ...known, publicKeys: [publicKey] } } }
    })
    return this.#trusts(gateway, publicKey)
  }

  #trusts(gateway: string, publicKey: string): boolean {
    const known = Object.hasOwn(this.#stored.gateways, gateway) ? this.#stored.gateways[gateway] : undefined
    return known?.publicKeys.includes(publicKey) ?? false
  }

  /** One change after another, each on the newest content: two at once must not undo each other. */
  #change(change: (stored: Stored) => Stored): Promise<void> {
    const run = this.#changing.then(async () => {
      await this.refresh()
      const next = change(this.#stored)
      if (next === this.#stored) return
      await writeAtomically(this.#path, JSON.stringify(next, undefined, 2))
      this.#stored = next
      this.#modifiedMs = (await stat(this.#path)).mtimeMs
      this.#keys.clear()
    })
    this.#changing = run.catch(() => undefined)
    return run
  }
}

function sha256(content: string | Uint8Array): Buffer {
  return createHash('sha256').update(content).digest()
}
