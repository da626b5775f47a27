import type { Socket } from 'node:net'
import type { Sample } from '../../driver.ts'
import { reports } from './address.ts'
import { type Area, parseArea } from './area.ts'
import { mustBeEncrypted } from './cipher.ts'
import { Framer } from './framer.ts'
import type { Logger } from './loggers.ts'
import { type Message, Packets } from './packets.ts'
import { readingsOf } from './readings.ts'
import { answerTo, parseSegment, type Refused, type Segment } from './segment.ts'
import type { Station } from './station.ts'

/** Samples on their way to the disk, and what is to be done once they are there. */
export interface Delivery {
  readonly samples: readonly Sample[]
  readonly stored: () => void
}

/** Messages of one connection that may wait for the disk before it is read on. */
const maxUnstored = 32
/** Answers that a logger leaves unread. */
const maxUnreadBytes = 65_536
/** So much in a row that is no frame of a known logger ends the connection. */
const maxRefusedInARow = 200

/** One connection with one logger, or with several behind a forwarder. */
export class Connection {
  readonly #socket: Socket
  readonly #station: Station
  readonly #framer: Framer
  readonly #packets: Packets
  readonly #closed = Promise.withResolvers<string>()
  #why = 'the connection was closed'
  #unstored = 0
  #refusedInARow = 0
  #isKnown = false
  #isPaused = false
  #cancelIdle = () => {}
  #cancelHalf: (() => void) | undefined

  constructor(socket: Socket, station: Station) {
    this.#socket = socket
    this.#station = station
    const { accept, cipher } = station.config
    this.#framer = new Framer({
      accept: new Set(accept),
      ...(station.hasKeys ? { decrypt: station.decrypt, isBinary: cipher === 'binary' } : {}),
    })
    this.#packets = new Packets(station.context.clock, (fault) => this.#refuse(fault, fault))
  }

  /** Reads until the connection closes; resolves with why. */
  serve(): Promise<string> {
    const socket = this.#socket
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('error', (error) => {
      this.#why = error.message
    })
    socket.on('end', () => socket.end())
    socket.on('close', () => {
      this.#cancelIdle()
      this.#cancelHalf?.()
      this.#station.gone(this)
      this.#closed.resolve(this.#why)
    })
    this.#waitOn()
    return this.#closed.promise
  }

  /** False where nothing can be sent any more. A logger that reads nothing is given up. */
  send(frame: Buffer): boolean {
    if (this.#socket.destroyed || !this.#socket.writable) return false
    this.#socket.write(frame)
    if (this.#socket.writableLength > maxUnreadBytes)
      this.#end('unread-answers', 'it does not read its answers')
    return true
  }

  #take(chunk: Buffer): void {
    const found = this.#framer.push(chunk)
    for (const one of found) {
      if (this.#socket.destroyed) return
      if (one.kind === 'tolerated') this.#station.context.tolerated(one.what)
      else if (one.kind === 'refused') this.#refuse(one.refused, one.detail)
      else this.#segment(one.plain, one.wasEncrypted)
    }
    if (found.length > 0 || !this.#framer.isHalf) {
      this.#cancelHalf?.()
      this.#cancelHalf = undefined
    }
    this.#waitForTheRest()
  }

  #segment(plain: Buffer, wasEncrypted: boolean): void {
    const parsed = parseSegment(plain)
    const admitted = 'refused' in parsed ? parsed : this.#admit(parsed.segment, wasEncrypted)
    if ('refused' in admitted) {
      this.#refuse(admitted.refused, admitted.detail)
      return
    }
    const { segment, logger } = admitted
    this.#refusedInARow = 0
    this.#isKnown = true
    this.#waitOn()
    this.#station.strangers.refresh()
    this.#station.heard(segment, this)
    const message = this.#packets.add(segment)
    if (message !== undefined) this.#message(segment, message, logger)
  }

  /** Whether a segment comes from a logger that is known, and as that has to speak. */
  #admit(segment: Segment, wasEncrypted: boolean): { segment: Segment; logger: Logger } | Refused<string> {
    const { mn, cn, pw, area } = segment
    const from = this.#socket.remoteAddress ?? 'nowhere'
    const logger = this.#station.logger(mn)
    if (logger === undefined) {
      this.#station.strangers.saw(segment, from)
      return { refused: 'unknown-mn', detail: `${mn} from ${from}` }
    }
    if (logger.password !== undefined && pw !== logger.password)
      return { refused: 'wrong-password', detail: `${mn} from ${from}` }
    // What is shorter than a block of the cipher stays plain.
    if (logger.key !== undefined && !wasEncrypted && mustBeEncrypted(cn) && area.length >= 16)
      return { refused: 'not-encrypted', detail: `${mn}, CN ${cn}` }
    return { segment, logger }
  }

  #message(segment: Segment, { area, packets }: Message, logger: Logger): void {
    const { cn, mn } = segment
    const exchange = this.#station.exchangeOf(mn, segment.qn ?? area.fields.get('QN'))
    exchange?.take({ cn, area })
    if (cn in reports) this.#report(cn, { area, packets, logger })
    // 1013: the logger asks for its clock to be set, which is a command, and commands are nobody's here.
    else if (cn === '1013') this.#answer(packets, '9013')
    else if (cn === '2081') {
      this.#station.context.log.info({ mn, restarted: area.fields.get('RestartTime') }, 'logger has started')
      this.#answer(packets, '9014')
    } else if (exchange === undefined && !/^90\d\d$/.test(cn))
      this.#refuse('unknown-command', `CN ${cn} of ${mn}`)
  }

  #report(
    cn: string,
    { area, packets, logger }: { area: Area; packets: readonly Segment[]; logger: Logger },
  ): void {
    const { samples, faults } = readingsOf(cn, area, logger.points)
    for (const { fault, detail } of faults) this.#station.refused(fault, `${logger.mn}: ${detail}`)
    // What cannot be read is counted and answered as well: the logger would send it again for ever, and nothing else.
    if (samples.length === 0) {
      this.#answer(packets, '9014')
      return
    }
    this.#unstored++
    if (this.#unstored === maxUnstored) this.#pause()
    this.#station.deliver({
      samples,
      stored: () => {
        this.#unstored--
        if (this.#unstored === maxUnstored - 1) this.#resume()
        this.#answer(packets, '9014')
      },
    })
  }

  #answer(packets: readonly Segment[], cn: '9013' | '9014'): void {
    for (const segment of packets) {
      if (!segment.wantsAnswer) continue
      const qn = segment.qn ?? parseArea(segment.area).fields.get('QN')
      const answer = answerTo({ ...segment, qn }, cn)
      if (answer !== undefined) this.send(answer)
    }
  }

  #refuse(reason: string, detail: string): void {
    this.#station.refused(reason, detail)
    this.#refusedInARow++
    if (this.#refusedInARow > maxRefusedInARow) this.#end('only-rubbish', 'it sends nothing that can be read')
  }

  /** While the disk holds things up, the logger is not at fault. */
  #pause(): void {
    this.#isPaused = true
    this.#socket.pause()
    this.#cancelIdle()
    this.#cancelHalf?.()
    this.#cancelHalf = undefined
  }

  #resume(): void {
    if (this.#socket.destroyed) return
    this.#isPaused = false
    this.#socket.resume()
    this.#waitOn()
    this.#waitForTheRest()
  }

  #waitForTheRest(): void {
    const { context, config } = this.#station
    if (this.#framer.isHalf && !this.#isPaused)
      this.#cancelHalf ??= context.clock.after(config.frameMs, () =>
        this.#end('half-frame', 'a frame never ended'),
      )
  }

  #waitOn(): void {
    if (this.#isPaused) return
    const { idleMs, firstFrameMs } = this.#station.config
    const waitMs = this.#isKnown ? idleMs : Math.min(firstFrameMs, idleMs)
    this.#cancelIdle()
    this.#cancelIdle = this.#station.context.clock.after(waitMs, () =>
      this.#end('silent', `no frame of a known logger within ${waitMs} ms`),
    )
  }

  #end(reason: string, why: string): void {
    if (this.#socket.destroyed) return
    this.#station.refused(reason, `${this.#socket.remoteAddress ?? 'nowhere'}: ${why}`)
    this.#why = why
    this.#socket.destroy()
  }
}
