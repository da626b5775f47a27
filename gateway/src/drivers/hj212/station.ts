import type { Socket } from 'node:net'
import type { DriverContext, Point, Sample } from '../../driver.ts'
import { Mailbox } from '../../mailbox.ts'
import type { Hj212Address } from './address.ts'
import { decryptSegment, encryptSegment, mustBeEncrypted } from './cipher.ts'
import { type Command, encodeCommand, type Outcome } from './commands.ts'
import { Connection, type Delivery } from './connection.ts'
import { Exchange } from './exchange.ts'
import type { Hj212Config } from './index.ts'
import { type Logger, loggersOf, Strangers } from './loggers.ts'
import { frameOf, type Segment, versionBits } from './segment.ts'
import { formatTimeMs } from './time.ts'

const maxBatch = 1_000
/** More than the connections may have unstored together: a connection is not read while 32 of its messages wait. */
const maxWaiting = 100_000

/** One life of the link as all of its connections share it: who is known, what waits to be stored, which commands are under way. */
export class Station {
  readonly config: Hj212Config
  readonly context: DriverContext
  readonly strangers: Strangers
  readonly #loggers: ReadonlyMap<string, Logger>
  readonly #inbox: Mailbox<Delivery>
  /** The newest connection of each logger, and how it last spoke. */
  readonly #heard = new Map<string, { readonly connection: Connection; readonly segment: Segment }>()
  readonly #exchanges = new Map<string, { readonly qn: string; readonly exchange: Exchange }>()
  /** Reasons that were logged once. */
  readonly #logged = new Set<string>()

  constructor(
    config: Hj212Config,
    points: readonly Point<Hj212Address>[],
    inner: { context: DriverContext; signal: AbortSignal },
  ) {
    const { context, signal } = inner
    this.config = config
    this.context = context
    this.strangers = new Strangers(context.clock, (problem) => context.report(problem))
    this.#loggers = loggersOf(points, config.loggers)
    this.#inbox = new Mailbox({
      bound: maxWaiting,
      overflowed: (count) => context.refused('overflow', count),
      signal,
    })
  }

  /** Yields [] and then what came in; resuming answers the batch yielded before. Returns on abort. */
  async *batches(): AsyncGenerator<readonly Sample[]> {
    yield []
    for await (const deliveries of this.#inbox.batches(maxBatch)) {
      yield deliveries.flatMap(({ samples }) => samples)
      for (const { stored } of deliveries) stored()
    }
  }

  /** Ends `batches` with an error. */
  fail(error: unknown): void {
    this.#inbox.fail(error)
  }

  deliver(delivery: Delivery): void {
    this.#inbox.put(delivery)
  }

  /** Reads a connection until it closes; resolves with why. */
  serve(socket: Socket): Promise<string> {
    return new Connection(socket, this).serve()
  }

  logger(mn: string): Logger | undefined {
    return this.#loggers.get(mn)
  }

  /** The plaintext of a segment whose logger has a key. */
  readonly decrypt = (segment: Buffer): Buffer | undefined => {
    const [, mn] = /MN=([0-9A-Za-z_.-]{1,64});/i.exec(segment.toString('latin1', 0, 300)) ?? []
    const key = mn === undefined ? undefined : this.#loggers.get(mn)?.key
    return key && decryptSegment(segment, key, this.config.cipher)
  }

  get hasKeys(): boolean {
    return this.config.loggers.some(({ key }) => key !== undefined)
  }

  heard(segment: Segment, connection: Connection): void {
    this.#heard.set(segment.mn, { connection, segment })
  }

  gone(connection: Connection): void {
    for (const [mn, heard] of this.#heard) if (heard.connection === connection) this.#heard.delete(mn)
  }

  /** The exchange that a number of a request belongs to. */
  exchangeOf(mn: string, qn: string | undefined): Exchange | undefined {
    const open = this.#exchanges.get(mn)
    return open !== undefined && open.qn === qn ? open.exchange : undefined
  }

  /** Counts what was not taken; the first of a kind is logged with what was found. */
  refused(reason: string, detail: string): void {
    this.context.refused(reason)
    if (this.#logged.has(reason)) return
    this.#logged.add(reason)
    this.context.log.warn({ reason, detail: detail.slice(0, 300) }, 'refused from a logger')
  }

  /** Sends a command on the allow-list and follows it to its end. @throws the signal's reason on abort. */
  async command(mn: string, command: Command, signal: AbortSignal): Promise<Outcome> {
    const { clock } = this.context
    if (!this.config.commands.includes(command.name)) return { outcome: 'not-allowed' }
    const heard = this.#heard.get(mn)
    if (heard === undefined) return { outcome: 'not-connected' }
    if (this.#exchanges.has(mn)) return { outcome: 'busy' }
    const qn = formatTimeMs(clock.now())
    const exchange = new Exchange(clock, this.config.exchange)
    this.#exchanges.set(mn, { qn, exchange })
    try {
      const frame = this.#frameOf(command, { ...heard.segment, qn })
      return await exchange.run(() => heard.connection.send(frame), signal)
    } finally {
      this.#exchanges.delete(mn)
    }
  }

  #frameOf(command: Command, { qn, st, pw, mn, version }: Segment): Buffer {
    const { cn, area } = encodeCommand(command)
    const { password, key } = this.#loggers.get(mn)!
    const head = `QN=${qn};ST=${st ?? '91'};CN=${cn};PW=${password ?? pw ?? ''};MN=${mn};Flag=${versionBits[version] | 1}`
    const isSecret = key !== undefined && mustBeEncrypted(cn)
    return frameOf(
      `${head};CP=&&${area}&&`,
      isSecret ? (plain) => encryptSegment(plain, key, this.config.cipher) : undefined,
    )
  }
}
