import { isSignedBy, openSign1, refusalOfKey, verifySign1 } from '@farwatch/evidence'
import {
  batchBounds,
  decodeLoss,
  FarwatchError,
  GatewayStatus,
  implausible,
  type LossDeclaration,
  maxLossBytes,
  messageOf,
  parseFrigateEvent,
  parseTelemetry,
  parseUpTopic,
  telemetryReadings,
  utf8,
  type Verdict,
} from '@farwatch/model'
import type { Clock, Journal } from '@farwatch/runtime'
import type { Sealer } from '../seal/sealer.ts'
import type { Admission } from './admission.ts'
import { type Chains, malformedInPlace, refusedInPlace } from './chains.ts'
import type { Credentials, Principal } from './credentials.ts'
import type { Deliveries } from './deliveries.ts'
import { Keeper } from './keeper.ts'
import { Pace } from './pace.ts'
import type { Quarantine } from './quarantine.ts'
import type { Repeats } from './repeats.ts'
import { UnderWay } from './under-way.ts'
import { readBatch, Unreadable } from './unreadable.ts'

export const pictureBounds = { bytes: 2 * 1024 * 1024 } as const
const telemetryBytes = 64 * 1024
/** Judging gives way to the disk, the database and everyone else after so long. */
const judgingMs = 4
const eventBytes = 256 * 1024

export interface Message {
  readonly topic: string
  readonly payload: Uint8Array
  readonly client: string
  readonly principal: Principal
}

/** What becomes of a message: kept on disk, answered with verdicts, or refused with a reason that stands in quarantine. */
export type Outcome =
  | { readonly outcome: 'kept' }
  | {
      readonly outcome: 'judged'
      readonly gateway: string
      readonly chain: string
      readonly verdicts: Verdict[]
    }
  | { readonly outcome: 'refused' }

export interface GateDeps {
  readonly journal: Journal
  readonly clock: Clock
  readonly credentials: Credentials
  readonly chains: Chains
  readonly admission: Admission
  readonly quarantine: Quarantine
  readonly repeats: Repeats
  readonly deliveries: Deliveries
  readonly sealer: Sealer
}

/**
 * Judges everything that comes in and puts it on disk before it is acknowledged. Throws only when the disk does not take
 * it: then nothing may be acknowledged.
 */
export class Gate {
  readonly #deps: GateDeps
  /**
   * What one gateway sends is judged one after another: a batch needs the key of the status and the batch before it. A
   * batch that is judged may be on its way to disk while the next one has its turn.
   */
  readonly #turns = new Map<string, Promise<unknown>>()
  readonly #underWay = new Map<string, UnderWay>()
  readonly #keeper: Keeper
  readonly #pace: Pace
  readonly #unreadable = new Unreadable()
  /** Gateways whose last status showed a key that stands: what they seal now would be taken. */
  readonly #inGoodKey = new Set<string>()
  /** The last chain of a gateway that it was asked to seal anew: what follows in it would otherwise come twice. */
  readonly #sealedAnew = new Map<string, string>()

  constructor(deps: GateDeps) {
    this.#deps = deps
    this.#keeper = new Keeper(deps)
    this.#pace = new Pace(deps.clock, judgingMs)
  }

  async take(message: Message): Promise<Outcome> {
    const topic = parseUpTopic(message.topic)
    const { principal } = message
    if (topic === undefined) return this.#refuse(message, 'foreign-topic', 'nothing is taken on this topic')
    switch (topic.kind) {
      case 'batch':
      case 'loss':
      case 'status':
        if (principal.kind !== 'gateway' || principal.gateway !== topic.gateway) {
          return this.#refuse(message, 'foreign-topic', `only gateway ${topic.gateway} may publish here`)
        }
        return this.#inTurn(topic.gateway, async (next) => {
          const outcome = await this.#ofGateway(message, topic, next)
          if (outcome.outcome === 'judged') {
            this.#deps.deliveries.judged(outcome.gateway, outcome.chain, outcome.verdicts)
          }
          return outcome
        })
      case 'telemetry':
        if (principal.kind === 'gateway') {
          return this.#refuse(message, 'foreign-topic', 'a gateway sends signed batches, not telemetry')
        }
        if (principal.kind === 'device' && principal.site !== topic.site) {
          return this.#refuse(
            message,
            'foreign-topic',
            `this device may publish for site ${principal.site} only`,
          )
        }
        return this.#telemetry(message, topic)
      case 'frigate-event':
        return this.#cameraEvent(message)
      case 'frigate-snapshot':
        return this.#picture(message, topic)
    }
  }

  /** The turn ends when the work calls `next`, at the latest when it is done. */
  #inTurn(gateway: string, work: (next: () => void) => Promise<Outcome>): Promise<Outcome> {
    const before = this.#turns.get(gateway) ?? Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#turns.set(gateway, promise)
    const next = () => this.#pace.go(resolve)
    return before.then(() => work(next)).finally(next)
  }

  #ofGateway(
    message: Message,
    { kind, gateway }: { kind: 'batch' | 'loss' | 'status'; gateway: string },
    next: () => void,
  ): Promise<Outcome> {
    switch (kind) {
      case 'batch':
        return this.#batch(message, gateway, next)
      case 'loss':
        return this.#loss(message, gateway)
      case 'status':
        return this.#status(message, gateway)
    }
  }

  async #batch(message: Message, gateway: string, next: () => void): Promise<Outcome> {
    const { clock, credentials, chains, admission, quarantine } = this.#deps
    const receivedMs = clock.now()
    if (message.payload.length > batchBounds.bytes) {
      return this.#refuse(
        message,
        'too-large',
        `${message.payload.length} bytes, at most ${batchBounds.bytes}`,
      )
    }
    const { batch, malformed } = readBatch(message.payload)
    // Who has sent what nobody can read gets no answer: there is no number to name. He is told of in log and metrics.
    if (batch === undefined) return this.#refuse(message, 'malformed-batch', malformed)
    const { header, hash } = batch
    const answer = (...verdicts: Verdict[]): Outcome => ({
      outcome: 'judged',
      gateway,
      chain: header.chain,
      verdicts,
    })
    const held = (reason: string) => answer({ verdict: 'held', seq: header.seq, reason })
    const reject = async (reason: string, text: string) =>
      (await quarantine.put(message, reason, text))
        ? answer({ verdict: 'rejected', seq: header.seq, reason: text })
        : held('it is refused, and quarantine takes no more at the moment')
    if (header.gateway !== gateway) return reject('forged', `signed as ${header.gateway}, sent by ${gateway}`)
    const signer = credentials.keyOf(gateway, batch.signed.keyId)
    if (signer === undefined) return held(`key ${batch.signed.keyId} is not enrolled`)
    if (!isSignedBy(batch, signer.key)) return reject('forged', 'the signature does not match')
    const unfit = refusalOfKey(signer.known, { receivedMs, chain: header.chain, seq: header.seq })
    if (unfit !== undefined) {
      quarantine.count(message.client, unfit.code, { seq: header.seq, problem: unfit.text })
      // Nothing is lost: a gateway that has another key seals in a new chain what waits, one that has none keeps it.
      if (!this.#inGoodKey.has(gateway) || credentials.keysOf(gateway).length === 0) return held(unfit.text)
      this.#sealedAnew.set(gateway, header.chain)
    }
    if (this.#sealedAnew.get(gateway) === header.chain) {
      const reason = unfit?.text ?? 'the batches before it are sealed anew: their key does not stand'
      return answer({ verdict: 'forked', seq: header.seq, reason })
    }
    const underWay = this.#underWayOf(gateway)
    const isNext = underWay.isNext(header)
    if (!isNext) await underWay.settled
    const place = isNext ? chains.judgeNext(header) : chains.judge(header, hash, receivedMs)
    const verdict = place === 'past' ? await chains.recall(header, hash) : place
    if (verdict !== 'fits' && verdict !== 'unknown') {
      if (verdict.verdict === 'rejected') return reject('broken-chain', verdict.reason)
      if (verdict.verdict === 'forked') {
        quarantine.count(message.client, 'forked-chain', { seq: header.seq, problem: verdict.reason })
      }
      return answer(verdict)
    }
    if (malformed !== undefined && this.#unreadable.mayComeBetter(gateway, hash)) {
      await quarantine.put(message, 'malformed-batch', malformed)
      return held(`it cannot be read (${malformed})`)
    }
    const refused = malformed ?? admission.refusePoints(batch.readings.points, gateway)
    try {
      // Refused or not, the batch is the next of its chain: the gateway goes on behind it.
      const stored =
        refused === undefined
          ? this.#keeper.keepBatch({ kind: 'batch', receivedMs, gateway, bytes: message.payload }, batch)
          : quarantine.keep(message, malformed === undefined ? refusedInPlace : malformedInPlace, refused)
      const advanced = stored.then(() => chains.advance(header, hash, receivedMs))
      underWay.add({ header, hash, isLast: isNext || chains.endsBefore(header) }, advanced)
      next()
      const hole = await advanced
      return answer(
        refused === undefined
          ? { verdict: 'stored', seq: header.seq }
          : { verdict: 'rejected', seq: header.seq, reason: refused },
        ...(hole === undefined ? [] : [{ verdict: 'gap' as const, seq: header.seq, expected: hole.from }]),
      )
    } catch (error) {
      if (!(error instanceof FarwatchError)) throw error
      return held(`the centre cannot store it now (${error.code})`)
    }
  }

  #underWayOf(gateway: string): UnderWay {
    let underWay = this.#underWay.get(gateway)
    if (underWay === undefined) {
      underWay = new UnderWay()
      this.#underWay.set(gateway, underWay)
    }
    return underWay
  }

  /** A declaration that is not answered is sent again. */
  async #loss(message: Message, gateway: string): Promise<Outcome> {
    const { clock, credentials, chains, quarantine } = this.#deps
    const receivedMs = clock.now()
    let signed: ReturnType<typeof openSign1>
    let loss: LossDeclaration
    try {
      if (message.payload.length > 2 * maxLossBytes) throw new Error(`${message.payload.length} bytes`)
      signed = openSign1(message.payload)
      loss = decodeLoss(signed.payload)
    } catch (error) {
      return this.#refuse(message, 'malformed-loss', messageOf(error))
    }
    const { chain, from, to } = loss
    const answer = (problem?: string): Outcome => ({
      ...{ outcome: 'judged', gateway, chain },
      verdicts: [{ verdict: 'declared', from, seq: to, ...(problem === undefined ? {} : { problem }) }],
    })
    const refuse = async (reason: string, problem: string): Promise<Outcome> =>
      (await quarantine.put(message, reason, problem)) ? answer(problem) : { outcome: 'refused' }
    const later = (problem: string): Outcome => {
      quarantine.count(gateway, 'loss-not-taken', { chain, from, to, problem })
      return { outcome: 'refused' }
    }
    if (loss.gateway !== gateway) return refuse('forged', `signed as ${loss.gateway}, sent by ${gateway}`)
    const signer = credentials.keyOf(gateway, signed.keyId)
    if (signer === undefined) return later(`key ${signed.keyId} is not enrolled`)
    if (!verifySign1(signed, signer.key)) return refuse('forged', 'the signature does not match')
    const unfit = refusalOfKey(signer.known, { receivedMs, chain, seq: to })
    if (unfit !== undefined) return refuse(unfit.code, unfit.text)
    await this.#underWayOf(gateway).settled
    const place = await chains.judgeLoss(loss, receivedMs)
    if (place === 'known') return answer()
    if (place === 'later') return later('it would leave too many holes')
    if (place !== 'fits') return refuse('contradicted-loss', place.problem)
    try {
      await this.#keeper.keep({ kind: 'loss', receivedMs, gateway, bytes: message.payload })
    } catch (error) {
      if (!(error instanceof FarwatchError)) throw error
      return later(`the centre cannot store it now (${error.code})`)
    }
    chains.declare(loss, receivedMs)
    this.#deps.deliveries.declared(loss)
    return answer()
  }

  async #status(message: Message, gateway: string): Promise<Outcome> {
    let status: GatewayStatus
    try {
      if (message.payload.length > eventBytes)
        throw new Error(`${message.payload.length} bytes, at most ${eventBytes}`)
      status = GatewayStatus.parse(JSON.parse(utf8(message.payload)))
      await this.#takeKeys(message, gateway, status)
    } catch (error) {
      return this.#refuse(message, 'malformed-status', messageOf(error))
    }
    await this.#keeper.keep({
      kind: 'gateway-status',
      receivedMs: this.#deps.clock.now(),
      gateway,
      bytes: message.payload,
    })
    return { outcome: 'kept' }
  }

  async #takeKeys(message: Message, gateway: string, { rotations, publicKey }: GatewayStatus): Promise<void> {
    const { credentials, quarantine } = this.#deps
    for (const statement of rotations ?? []) {
      const problem = await credentials.acceptRotation(gateway, Buffer.from(statement, 'base64'))
      if (problem !== undefined) quarantine.count(message.client, 'refused-rotation', { problem })
    }
    if (publicKey === undefined) return
    if (await credentials.offerKey(gateway, publicKey)) this.#inGoodKey.add(gateway)
    else this.#inGoodKey.delete(gateway)
  }

  async #telemetry(message: Message, { site, device }: { site: string; device: string }): Promise<Outcome> {
    const receivedMs = this.#deps.clock.now()
    const { payload } = message
    if (payload.length > telemetryBytes) {
      return this.#refuse(message, 'too-large', `${payload.length} bytes, at most ${telemetryBytes}`)
    }
    const parsed = parseTelemetry(utf8(payload))
    if ('problem' in parsed) return this.#refuse(message, 'malformed-payload', parsed.problem)
    const { timeMs } = parsed.telemetry
    const problem = timeMs === undefined ? undefined : implausible(timeMs, receivedMs)
    if (problem !== undefined) return this.#refuse(message, 'implausible-time', problem)
    const readings = telemetryReadings(parsed.telemetry, { receivedMs, site, device })
    const refused = this.#deps.admission.refusePoints(readings.points, undefined)
    if (refused !== undefined) return this.#refuse(message, 'foreign-point', refused)
    const keep = () =>
      this.#keeper.keep({ kind: 'telemetry', receivedMs, site, device, bytes: payload }, readings)
    await this.#deps.repeats.take({ site, device }, parsed.telemetry, { receivedMs, keep })
    return { outcome: 'kept' }
  }

  async #cameraEvent(message: Message): Promise<Outcome> {
    const receivedMs = this.#deps.clock.now()
    const { payload, principal } = message
    if (principal.kind === 'gateway')
      return this.#refuse(message, 'foreign-topic', 'a gateway does not publish here')
    if (payload.length > eventBytes) {
      return this.#refuse(message, 'too-large', `${payload.length} bytes, at most ${eventBytes}`)
    }
    const parsed = parseFrigateEvent(utf8(payload))
    if ('problem' in parsed) return this.#refuse(message, 'malformed-payload', parsed.problem)
    const problem =
      implausible(parsed.event.timeMs, receivedMs) ?? this.#deps.admission.refuseCamera(parsed.event.camera)
    if (problem !== undefined) return this.#refuse(message, 'refused-camera', problem)
    await this.#keeper.keep({ kind: 'camera-event', receivedMs, bytes: payload })
    return { outcome: 'kept' }
  }

  async #picture(message: Message, { camera, label }: { camera: string; label: string }): Promise<Outcome> {
    const { payload, principal } = message
    if (principal.kind === 'gateway')
      return this.#refuse(message, 'foreign-topic', 'a gateway does not publish here')
    if (payload.length > pictureBounds.bytes) {
      return this.#refuse(message, 'too-large', `${payload.length} bytes, at most ${pictureBounds.bytes}`)
    }
    const isJpeg = payload[0] === 0xff && payload[1] === 0xd8 && payload[2] === 0xff
    if (!isJpeg) return this.#refuse(message, 'malformed-payload', 'not a JPEG picture')
    const problem = this.#deps.admission.refuseCamera(camera)
    if (problem !== undefined) return this.#refuse(message, 'refused-camera', problem)
    const receivedMs = this.#deps.clock.now()
    const tooMuch = this.#deps.admission.refusePicture(camera, payload.length, receivedMs)
    if (tooMuch !== undefined) {
      // The one after it will do: nothing to look at later, so it is counted and not kept.
      this.#deps.quarantine.count(message.client, 'too-many-pictures', { camera, problem: tooMuch })
      return { outcome: 'refused' }
    }
    await this.#keeper.keep({ kind: 'picture', receivedMs, camera, label, bytes: payload })
    return { outcome: 'kept' }
  }

  /** Why the last message that was to be kept was not, until one is again. */
  get problem(): string | undefined {
    return this.#keeper.problem
  }

  async #refuse(message: Message, reason: string, text: string): Promise<Outcome> {
    await this.#deps.quarantine.put(message, reason, text)
    return { outcome: 'refused' }
  }
}
