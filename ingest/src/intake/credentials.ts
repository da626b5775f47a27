import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  KeyDirectory,
  type KnownKey,
  openRotation,
  type SigningKey,
  type VerifyingKey,
  verifyingKey,
} from '@farwatch/evidence'
import { FarwatchError, Name } from '@farwatch/model'
import { type Clock, randomId, readIfPresent, systemClock, writeAtomically } from '@farwatch/runtime'
import { z } from 'zod'
import { alone, loadCentreKey } from './centre-key.ts'

const passwordSha256 = z.string().length(64)
const Devices = z.record(Name, z.strictObject({ passwordSha256, site: Name }))
/** Before keys had a life. */
const StoredV1 = z.strictObject({
  v: z.literal(1),
  gateways: z.record(Name, z.strictObject({ passwordSha256, publicKeys: z.array(z.string()) })),
  devices: Devices,
})
const StoredV2 = z.strictObject({
  v: z.literal(2),
  gateways: z.record(Name, z.strictObject({ passwordSha256 })),
  devices: Devices,
  /** The log of the key directory, each entry a COSE_Sign1 in base64. */
  keys: z.array(z.string()),
})
const Stored = z.discriminatedUnion('v', [StoredV1, StoredV2])

interface Content {
  readonly gateways: z.infer<typeof StoredV2>['gateways']
  readonly devices: z.infer<typeof Devices>
  readonly keys: KeyDirectory
}

/** Who is connected: decides what may be published. `anonymous` exists on loopback only. */
export type Principal =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'gateway'; readonly gateway: string }
  | { readonly kind: 'device'; readonly site: string }

/**
 * Gateways and devices that may connect, and the directory of their keys, in one file. Passwords are made here, 256 random
 * bits each, so a plain hash is enough to keep them: nothing can be guessed. The keys stand in a chained log that the
 * centre's own key signs. The file does not need the database, so that intake works without it.
 */
export class Credentials {
  readonly #path: string
  readonly #clock: Clock
  readonly #centre: SigningKey
  #content: Content
  #modifiedMs = 0
  #changing: Promise<void> = Promise.resolve()

  private constructor(path: string, { clock, centre }: { clock: Clock; centre: SigningKey }) {
    this.#path = path
    this.#clock = clock
    this.#centre = centre
    this.#content = { gateways: {}, devices: {}, keys: KeyDirectory.begin(randomId(), centre, clock.now()) }
  }

  /** Makes the file, and the centre's key beside it, where they are missing. @throws FarwatchError `bad-credentials` when the file cannot be understood. */
  static async open(path: string, clock: Clock = systemClock): Promise<Credentials> {
    const centre = await loadCentreKey(dirname(path))
    const credentials = new Credentials(path, { clock, centre })
    await credentials.refresh()
    return credentials
  }

  /** Takes in what another process (`farwatch enrol`, `farwatch keys`) has written meanwhile. @throws FarwatchError `bad-credentials`. */
  async refresh(): Promise<void> {
    const modifiedMs = await this.#fileModifiedMs()
    if (modifiedMs === this.#modifiedMs && modifiedMs > 0) return
    if (!(await this.#read(modifiedMs))) await this.#change((content) => ({ ...content }))
  }

  /** False where the file has to be written: it is missing, or of an older version. */
  async #read(modifiedMs: number): Promise<boolean> {
    const text = await readIfPresent(this.#path)
    if (text === undefined) {
      if (this.#modifiedMs > 0)
        throw new FarwatchError('bad-credentials', `${this.#path} is gone; restore it`)
      return false
    }
    const stored = this.#parse(text)
    this.#content = stored.v === 1 ? this.#fromV1(stored) : this.#fromV2(stored)
    this.#modifiedMs = modifiedMs
    return stored.v === 2
  }

  #parse(text: string): z.infer<typeof Stored> {
    try {
      return Stored.parse(JSON.parse(text))
    } catch (cause) {
      const message = `${this.#path} cannot be understood; restore it or remove it`
      throw new FarwatchError('bad-credentials', message, { cause })
    }
  }

  #fromV2({ gateways, devices, keys }: z.infer<typeof StoredV2>): Content {
    const entries = keys.map((entry) => Buffer.from(entry, 'base64'))
    const { directory, problems } = KeyDirectory.read(entries, (keyId) => keyId === this.#centre.keyId)
    const [first] = problems
    if (first === undefined && entries.length > 0) return { gateways, devices, keys: directory }
    const found = first === undefined ? 'it is empty' : `entry ${first.entry}: ${first.problem}`
    const message = `the key directory in ${this.#path} has been changed or belongs to another centre-key.pem (${found}); restore both files`
    throw new FarwatchError('bad-credentials', message)
  }

  #fromV1({ gateways, devices }: z.infer<typeof StoredV1>): Content {
    let { keys } = this.#content
    for (const [gateway, { publicKeys }] of Object.entries(gateways)) {
      for (const publicKey of publicKeys) {
        if (keys.get(verifyingKey(publicKey).keyId) === undefined)
          keys = keys.add({ gateway, publicKey, how: 'first-use' }, this.#centre, this.#clock.now())
      }
    }
    const passwords = Object.entries(gateways).map(([name, gateway]) => [
      name,
      { passwordSha256: gateway.passwordSha256 },
    ])
    return { gateways: Object.fromEntries(passwords), devices, keys }
  }

  /**
   * Lets a gateway in (again) and returns its new password, shown once and not kept. With `publicKey` that key is taken
   * into the directory. @throws FarwatchError `bad-key` as `enrolKey`.
   */
  async enrolGateway(gateway: string, publicKey?: string): Promise<string> {
    const password = randomBytes(32).toString('base64url')
    await this.#change((content) => {
      const enrolled = { passwordSha256: sha256(password).toString('hex') }
      const keys = publicKey === undefined ? content.keys : this.#withKey(content.keys, gateway, publicKey)
      return { ...content, gateways: { ...content.gateways, [gateway]: enrolled }, keys }
    })
    return password
  }

  /** Takes one more key of an enrolled gateway into the directory. @throws FarwatchError `bad-key`, `unknown-gateway`. */
  async enrolKey(gateway: string, publicKey: string): Promise<void> {
    await this.#change((content) => {
      if (!Object.hasOwn(content.gateways, gateway))
        throw new FarwatchError(
          'unknown-gateway',
          `there is no gateway ${gateway}; "farwatch enrol ${gateway}" first`,
        )
      const keys = this.#withKey(content.keys, gateway, publicKey)
      return keys === content.keys ? content : { ...content, keys }
    })
  }

  #withKey(keys: KeyDirectory, gateway: string, publicKey: string): KeyDirectory {
    const { keyId } = verifyingKey(publicKey)
    const known = keys.get(keyId)
    if (known === undefined)
      return keys.add({ gateway, publicKey, how: 'enrolled' }, this.#centre, this.#clock.now())
    if (known.name === gateway && known.retired === undefined && known.revoked === undefined) return keys
    const why = known.name === gateway ? 'has been retired or revoked' : `is that of ${known.name}`
    throw new FarwatchError('bad-key', `key ${keyId} ${why}; expected a new key`)
  }

  /** Lets a device in that publishes `telemetry/SITE/#` itself. From then on nobody is anonymous. */
  async enrolDevice(name: string, site: string): Promise<string> {
    const password = randomBytes(32).toString('base64url')
    const device = { passwordSha256: sha256(password).toString('hex'), site }
    await this.#change((content) => ({ ...content, devices: { ...content.devices, [name]: device } }))
    return password
  }

  get anonymousAllowed(): boolean {
    return Object.keys(this.#content.devices).length === 0
  }

  get gateways(): readonly string[] {
    return Object.keys(this.#content.gateways)
  }

  isGateway(name: string): boolean {
    return Object.hasOwn(this.#content.gateways, name)
  }

  /** The principal behind a user name and password, or undefined. */
  check(user: string, password: Uint8Array): Principal | undefined {
    const { gateways, devices } = this.#content
    const gateway = Object.hasOwn(gateways, user) ? gateways[user] : undefined
    const device = Object.hasOwn(devices, user) ? devices[user] : undefined
    const expected = gateway?.passwordSha256 ?? device?.passwordSha256 ?? '0'.repeat(64)
    const matches = timingSafeEqual(sha256(password), Buffer.from(expected, 'hex'))
    if (!matches) return undefined
    if (gateway) return { kind: 'gateway', gateway: user }
    return device ? { kind: 'device', site: device.site } : undefined
  }

  /** What the centre itself signs with. */
  get centre(): SigningKey {
    return this.#centre
  }

  /** Every key there ever was. */
  get keys(): KeyDirectory {
    return this.#content.keys
  }

  /** Keys that may sign this gateway's batches. */
  keysOf(gateway: string): readonly VerifyingKey[] {
    return this.keys.currentOf(gateway).flatMap(({ keyId }) => this.keys.verifying(keyId) ?? [])
  }

  /** The key of that id, if it is this gateway's; it may be retired or revoked. */
  keyOf(
    gateway: string,
    keyId: string,
  ): { readonly known: KnownKey; readonly key: VerifyingKey } | undefined {
    const known = this.keys.get(keyId)
    const key = this.keys.verifying(keyId)
    if (known === undefined || key === undefined) return undefined
    return known.owner === 'gateway' && known.name === gateway ? { known, key } : undefined
  }

  /**
   * Trust on first use: the first key that an authenticated gateway shows becomes its key. Later ones are refused until
   * someone enrols them or the key before says so (`acceptRotation`). True when the key is (now) trusted.
   */
  async offerKey(gateway: string, publicKey: string): Promise<boolean> {
    const { keyId } = verifyingKey(publicKey)
    if (this.#trusts(gateway, keyId)) return true
    if (this.#hasHadKey(this.#content, gateway)) return false
    await this.#change((content) => {
      if (!Object.hasOwn(content.gateways, gateway) || this.#hasHadKey(content, gateway)) return content
      if (content.keys.get(keyId) !== undefined) return content
      const offered = { gateway, publicKey, how: 'first-use' } as const
      return { ...content, keys: content.keys.add(offered, this.#centre, this.#clock.now()) }
    })
    return this.#trusts(gateway, keyId)
  }

  /**
   * Takes over a key that the gateway's valid key has named as its successor; the old one is retired. Undefined when that is
   * done (or was), or why not.
   */
  async acceptRotation(gateway: string, statement: Uint8Array): Promise<string | undefined> {
    let rotation: ReturnType<typeof openRotation>
    try {
      rotation = openRotation(statement)
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
    const { statement: said, newKey, isSignedBy } = rotation
    const judge = (keys: KeyDirectory): string | 'done' | undefined => {
      const old = keys.get(said.from)
      const verifying = keys.verifying(said.from)
      if (said.gateway !== gateway) return `the rotation is ${said.gateway}'s`
      if (old === undefined || verifying === undefined || old.name !== gateway)
        return `key ${said.from} is not known`
      if (!isSignedBy(verifying)) return `the rotation is not signed by key ${said.from}`
      const known = keys.get(newKey.keyId)
      if (known?.name === gateway) return 'done'
      if (known !== undefined) return `key ${newKey.keyId} is that of ${known.name}`
      if (old.revoked !== undefined) return `key ${said.from} is revoked: it names no successor`
      return old.retired === undefined ? undefined : `key ${said.from} is retired and has a successor`
    }
    let verdict = judge(this.keys)
    if (verdict === undefined) {
      await this.#change((content) => {
        verdict = judge(content.keys)
        if (verdict !== undefined) return content
        return { ...content, keys: content.keys.rotate(statement, this.#centre, this.#clock.now()) }
      })
    }
    return verdict === 'done' ? undefined : verdict
  }

  /** From `fromMs` on nothing that this key signs is believed. @throws FarwatchError `unknown-key`. */
  async revokeKey(
    gateway: string,
    { keyId, fromMs, reason }: { keyId: string; fromMs: number; reason: string },
  ) {
    await this.#change((content) => {
      const known = content.keys.get(keyId)
      if (known?.owner !== 'gateway' || known.name !== gateway) {
        const keys = content.keys.keys.filter(({ name }) => name === gateway).map((key) => key.keyId)
        const found = keys.length === 0 ? 'it has none' : `it has ${keys.join(', ')}`
        throw new FarwatchError('unknown-key', `${gateway} has no key ${keyId}; ${found}`)
      }
      return {
        ...content,
        keys: content.keys.revoke({ keyId, fromMs, reason }, this.#centre, this.#clock.now()),
      }
    })
  }

  #hasHadKey({ keys }: Content, gateway: string): boolean {
    return keys.keys.some(({ owner, name }) => owner === 'gateway' && name === gateway)
  }

  #trusts(gateway: string, keyId: string): boolean {
    return this.keys.currentOf(gateway).some((key) => key.keyId === keyId)
  }

  #fileModifiedMs(): Promise<number> {
    return stat(this.#path).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    )
  }

  /** One change after another, each on the newest content, also of other processes: two at once must not undo each other. */
  #change(change: (content: Content) => Content): Promise<void> {
    const run = this.#changing.then(() =>
      alone(this.#path, async () => {
        await this.#read(await this.#fileModifiedMs())
        const next = change(this.#content)
        if (next === this.#content) return
        const { gateways, devices } = next
        const keys = next.keys.entries.map((entry) => Buffer.from(entry).toString('base64'))
        const stored: z.infer<typeof StoredV2> = { v: 2, gateways, devices, keys }
        await writeAtomically(this.#path, JSON.stringify(stored, undefined, 2))
        this.#content = next
        this.#modifiedMs = await this.#fileModifiedMs()
      }),
    )
    this.#changing = run.catch(() => undefined)
    return run
  }
}

function sha256(content: string | Uint8Array): Buffer {
  return createHash('sha256').update(content).digest()
}
