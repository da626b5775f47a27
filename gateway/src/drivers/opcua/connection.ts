import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '@farwatch/model'
import { OPCUACertificateManager } from 'node-opcua-certificate-manager'
import {
  type ClientSubscription,
  MessageSecurityMode,
  OPCUAClient,
  SecurityPolicy,
  setErrorLogger,
  setWarningLogger,
  UserTokenType,
} from 'node-opcua-client'
import { type DriverContext, DriverError } from '../../driver.ts'
import type { OpcuaConfig } from './index.ts'

/** Time given to a polite good-bye; the driver must be gone within 500 ms of abort. */
const goodbyeMs = 300

/** One connection, session and subscription; nothing of it is used again after it failed. */
export class Connection {
  readonly #config: OpcuaConfig
  readonly #context: DriverContext
  #client: OPCUAClient | undefined
  #store: OPCUACertificateManager | undefined
  #closed = false
  #heardMs = 0
  #fail: (error: DriverError) => void = () => undefined

  constructor(config: OpcuaConfig, context: DriverContext) {
    this.#config = config
    this.#context = context
  }

  onFailure(fail: (error: DriverError) => void): void {
    this.#fail = fail
  }

  /** Connects and opens one subscription for points of these intervals. @throws DriverError. */
  async subscribe(points: readonly { readonly intervalMs: number }[]): Promise<ClientSubscription> {
    const { endpoint, username, password, timeoutMs } = this.#config
    try {
      const client = await this.#createClient()
      await client.connect(endpoint)
      const session = await client.createSession(
        username === undefined
          ? { type: UserTokenType.Anonymous }
          : { type: UserTokenType.UserName, userName: username, password: password! },
      )
      session.on('session_closed', () => this.#lost('the server closed the session'))
      session.on('keepalive_failure', () => this.#lost('the server does not answer'))
      const publishingMs = Math.max(50, Math.min(...points.map(({ intervalMs }) => intervalMs)))
      const keepAlives = Math.max(1, Math.floor(timeoutMs / publishingMs))
      const subscription = await session.createSubscription2({
        requestedPublishingInterval: publishingMs,
        requestedMaxKeepAliveCount: keepAlives,
        requestedLifetimeCount: keepAlives * 10,
        maxNotificationsPerPublish: 10_000,
        publishingEnabled: true,
        priority: 1,
      })
      subscription.on('terminated', () => this.#lost('the server ended the subscription'))
      this.#heardMs = this.#context.clock.monotonicMs()
      return subscription
    } catch (error) {
      throw this.#explained(error)
    }
  }

  /** Gives the link up when the server has said nothing for three times its time-out. */
  watch(): void {
    if (this.#context.clock.monotonicMs() - this.#heardMs > 3 * this.#config.timeoutMs)
      this.#lost('the server fell silent')
  }

  /** Ends within 300 ms; what a dead server leaves hanging ends on its own time-out later. */
  async close(): Promise<void> {
    this.#closed = true
    const end = async () => {
      await this.#client?.disconnect().catch(() => undefined)
      await this.#store?.dispose()
    }
    let cancel: (() => void) | undefined
    const late = new Promise<void>((resolve) => {
      cancel = this.#context.clock.after(goodbyeMs, resolve)
    })
    await Promise.race([end().catch(() => undefined), late])
    cancel?.()
  }

  async #createClient(): Promise<OPCUAClient> {
    const { security, policy, timeoutMs } = this.#config
    const { log, gateway, folder } = this.#context
    // The library prints to standard output unless told otherwise.
    const quietly = (...parts: unknown[]) => log.debug({ opcua: parts.map(String).join(' ').slice(0, 500) })
    setErrorLogger(quietly)
    setWarningLogger(quietly)
    const rootFolder = join(folder, 'pki')
    await mkdir(rootFolder, { recursive: true, mode: 0o700 })
    this.#store = new OPCUACertificateManager({ rootFolder, disableFileWatchers: true })
    await this.#store.initialize()
    const client = OPCUAClient.create({
      applicationName: 'Farwatch',
      applicationUri: `urn:farwatch:gateway:${gateway}`,
      clientName: `farwatch-${gateway}-${this.#context.link}`,
      clientCertificateManager: this.#store,
      securityMode: security === 'none' ? MessageSecurityMode.None : MessageSecurityMode.SignAndEncrypt,
      securityPolicy: security === 'none' ? SecurityPolicy.None : SecurityPolicy[policy],
      endpointMustExist: false,
      keepSessionAlive: true,
      keepAliveInterval: timeoutMs,
      requestedSessionTimeout: Math.max(20_000, timeoutMs * 4),
      transportTimeout: timeoutMs,
      defaultTransactionTimeout: timeoutMs,
      // No retries, no repair: the supervisor starts afresh.
      connectionStrategy: { maxRetry: 0, initialDelay: 100, maxDelay: 200 },
    })
    if (this.#closed) throw new DriverError('lost', 'ended')
    this.#client = client
    client.on('receive_chunk', () => {
      this.#heardMs = this.#context.clock.monotonicMs()
    })
    client.on('connection_lost', () => this.#lost('the connection broke'))
    client.on('close', (error) => this.#lost(error ? messageOf(error) : 'the connection was closed'))
    return client
  }

  #lost(what: string): void {
    if (!this.#closed) this.#fail(new DriverError('lost', `${this.#config.endpoint}: ${what}`))
  }

  #explained(error: unknown): DriverError {
    if (error instanceof DriverError) return error
    const { endpoint } = this.#config
    const message = messageOf(error)
      .split('\n')[0]!
      .replace(/[\s,.]+$/, '')
    if (/certificate|security/i.test(message))
      return new DriverError(
        'security',
        `${endpoint}: ${message}; certificates not yet trusted lie in ${join(this.#context.folder, 'pki', 'rejected')}: ` +
          "move the server's to trusted/certs, and let the server trust own/certs",
        error,
      )
    return new DriverError('refused', `${endpoint}: ${message}`, error)
  }
}
