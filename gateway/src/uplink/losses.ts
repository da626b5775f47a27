import { join } from 'node:path'
import { openSign1, type SigningKey, sign1 } from '@farwatch/evidence'
import { decodeLoss, encodeLoss, FarwatchError, type LossDeclaration, type Verdict } from '@farwatch/model'
import { type Clock, type Logger, readIfPresent, writeAtomically } from '@farwatch/runtime'
import { z } from 'zod'
import { countOf, Ranges } from './ranges.ts'
import type { Missed } from './window.ts'

const Count = z.number().int().nonnegative()
const Stored = z.strictObject({
  v: z.literal(1),
  total: z.strictObject({ batches: Count, readings: Count }),
  /** COSE_Sign1, base64. */
  pending: z.array(z.strictObject({ signed: z.string().max(10_000), isSent: z.boolean() })),
})

/** What is lost of one chain, before it is signed. */
export type Loss = Pick<LossDeclaration, 'chain' | 'from' | 'to' | 'reason'> &
  Partial<Pick<LossDeclaration, 'prev' | 'last' | 'readings' | 'firstMadeMs' | 'lastMadeMs'>>

interface Pending {
  readonly loss: LossDeclaration
  readonly signed: Uint8Array
  /** It may be at the centre already: it stays as it is, nothing is merged into it. */
  readonly isSent: boolean
}

export interface LossesOptions {
  readonly gateway: string
  readonly key: SigningKey
  /** Where `losses.json` lies. */
  readonly folder: string
  readonly clock: Clock
  readonly log: Logger
}

/** Beyond this many nothing more can be declared, so nothing is removed: the journal is full, visibly. */
const maxPending = 1_000

/**
 * The declarations of loss that the centre has not confirmed yet, and the total of all there ever were, in one file that
 * is replaced as a whole, so that neither can be there without the other. Those that adjoin become one.
 */
export async function openLosses(options: LossesOptions): Promise<Losses> {
  const path = join(options.folder, 'losses.json')
  const text = await readIfPresent(path)
  try {
    const stored = text === undefined ? undefined : Stored.parse(JSON.parse(text))
    const pending = (stored?.pending ?? []).map(({ signed, isSent }) => {
      const bytes = Buffer.from(signed, 'base64')
      return { signed: bytes, isSent, loss: decodeLoss(openSign1(bytes).payload) }
    })
    return new Losses({ ...options, path, pending, total: stored?.total ?? { batches: 0, readings: 0 } })
  } catch (cause) {
    const message = `${path} cannot be understood; restore it: it holds losses that were not declared yet`
    throw new FarwatchError('bad-losses', message, { cause })
  }
}

export class Losses {
  readonly #options: LossesOptions & { path: string }
  #pending: readonly Pending[]
  #total: { readonly batches: number; readonly readings: number }
  /** What this life has declared of each chain: a centre restored from an older copy is told again, not counted again. */
  readonly #known = new Map<string, Ranges>()
  #turn: Promise<unknown> = Promise.resolve()
  #wake: () => void = () => undefined

  constructor(
    options: LossesOptions & {
      path: string
      pending: readonly Pending[]
      total: { readonly batches: number; readonly readings: number }
    },
  ) {
    this.#options = options
    this.#pending = options.pending
    this.#total = options.total
  }

  /** Batches and readings declared lost, ever. */
  get total(): { readonly batches: number; readonly readings: number } {
    return this.#total
  }

  get pending(): readonly Pending[] {
    return this.#pending
  }

  /** Calls back when there is a declaration to send; one listener. */
  onDeclared(listener: () => void): void {
    this.#wake = listener
  }

  /** Resolves when these losses are on disk, signed. What waits to be sent anyway is not declared twice. */
  declare(losses: readonly Loss[]): Promise<void> {
    return this.#inTurn(async () => {
      const fresh = losses.filter((loss) => !this.#covers(loss))
      if (fresh.length === 0) return
      let pending = this.#pending
      let { batches, readings } = this.#total
      for (const loss of fresh) {
        pending = this.#with(pending, loss)
        // Sealed again in another chain: these batches do not come, but nothing they held is lost.
        if (loss.readings === 0) continue
        const known = this.#known.get(loss.chain) ?? new Ranges()
        const more = countOf(known.missing({ from: loss.from, until: loss.to + 1 }))
        batches += more
        if (more > 0) readings += loss.readings ?? 0
      }
      await this.#write(pending, { batches, readings })
      for (const { chain, from, to } of fresh) {
        const known = this.#known.get(chain) ?? new Ranges()
        known.add({ from, until: to + 1 })
        this.#known.set(chain, known)
      }
      const { log } = this.#options
      for (const { chain, from, to, readings: lost, reason } of fresh)
        log.error({ chain, from, to, readings: lost, reason }, 'batches are lost; the loss is declared')
      this.#wake()
    })
  }

  /** The centre misses batches that are gone, although it had acknowledged them once. */
  missed({ chain, from, until, isSealedAgain }: Missed): Promise<void> {
    const loss = { chain, from, to: until - 1, reason: 'acknowledged' as const }
    return this.declare([isSealedAgain ? { ...loss, readings: 0 } : loss])
  }

  /** What is to be published now; from then on it is not changed any more, as far as the disk takes the note of it. */
  sending(): Promise<readonly Pending[]> {
    return this.#inTurn(async () => {
      const sent = this.#pending.map((one) => ({ ...one, isSent: true }))
      // A full disk keeps nothing from being told; at worst the centre hears of a range twice.
      if (this.#pending.some(({ isSent }) => !isSent))
        await this.#write(sent, this.#total).catch(() => undefined)
      return this.#pending
    })
  }

  /** The centre has put a declaration down, or refused it for good. */
  settle(chain: string, verdict: Extract<Verdict, { verdict: 'declared' }>): Promise<void> {
    return this.#inTurn(async () => {
      const rest = this.#pending.filter(
        ({ loss }) => loss.chain !== chain || loss.from !== verdict.from || loss.to !== verdict.seq,
      )
      if (rest.length === this.#pending.length) return
      const place = { chain, from: verdict.from, to: verdict.seq }
      if (verdict.problem === undefined)
        this.#options.log.info(place, 'the centre has put a declared loss down')
      else
        this.#options.log.error(
          { ...place, problem: verdict.problem },
          'the centre refused a declaration of loss',
        )
      await this.#write(rest, this.#total)
    })
  }

  #covers({ chain, from, to }: Loss): boolean {
    return this.#pending.some(({ loss }) => loss.chain === chain && loss.from <= from && to <= loss.to)
  }

  #with(pending: readonly Pending[], loss: Loss): readonly Pending[] {
    const last = pending.at(-1)
    const joins =
      last !== undefined &&
      !last.isSent &&
      last.loss.chain === loss.chain &&
      last.loss.reason === loss.reason &&
      last.loss.to + 1 === loss.from
    if (!joins && pending.length >= maxPending) {
      const message = `${maxPending} losses wait for the centre`
      throw new FarwatchError('too-many-losses', message, { retryable: true })
    }
    const made = this.#sign(joins ? merged(last.loss, loss) : loss)
    return [...(joins ? pending.slice(0, -1) : pending), made]
  }

  #sign(loss: Loss): Pending {
    const { gateway, key, clock } = this.#options
    const declaration: LossDeclaration = {
      ...loss,
      ...{ v: 1, kind: 'loss', gateway, madeMs: clock.now() },
    }
    return { loss: declaration, signed: sign1(encodeLoss(declaration), key), isSent: false }
  }

  async #write(pending: readonly Pending[], total: typeof this.total): Promise<void> {
    const stored = {
      v: 1,
      total,
      pending: pending.map(({ signed, isSent }) => ({
        signed: Buffer.from(signed).toString('base64'),
        isSent,
      })),
    }
    await writeAtomically(this.#options.path, JSON.stringify(stored))
    this.#pending = pending
    this.#total = total
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    return turn
  }
}

/** One declaration for two that adjoin: what only one of them knew is not known of both. */
function merged(before: Loss, after: Loss): Loss {
  const readings =
    before.readings === undefined || after.readings === undefined
      ? undefined
      : before.readings + after.readings
  const { chain, from, reason, prev, firstMadeMs } = before
  const { to, last, lastMadeMs } = after
  return defined({ chain, from, to, reason, prev, last, readings, firstMadeMs, lastMadeMs })
}

/** Without the properties that are undefined: the wire format knows none. */
export function defined<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T
}
