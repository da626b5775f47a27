import { join } from 'node:path'
import {
  Delivery,
  encodeRecord,
  type LossDeclaration,
  maxListed,
  messageOf,
  type Verdict,
} from '@farwatch/model'
import { type Clock, type Journal, type Logger, readIfPresent, writeAtomically } from '@farwatch/runtime'
import type { Chains, KnownChain } from './chains.ts'

/** Told this often when something happened that someone should see, and when only the counts went on. */
const tell = { soonMs: 5_000, countsMs: 30_000 } as const
/** So many connections taken over within this time are two senders of one name, not one that lost its line. */
const takeovers = { count: 3, withinMs: 60_000 } as const

interface Known {
  delivery: Delivery
  /** `soon`: someone should see it; `counts`: it went on as it should. */
  change: 'none' | 'counts' | 'soon'
  toldMs: number
  takenOverMs: readonly number[]
}

interface Parts {
  readonly journal: Journal
  readonly clock: Clock
  readonly log: Logger
  readonly chains: Chains
  /** Folder for `deliveries.json`. */
  readonly home: string
}

/**
 * How each gateway's batches come in: verdicts, holes, losses, signs of a twin. Told through the journal, so that
 * console and database know it too; kept in a file over a restart (a hard crash loses the counts of its last seconds).
 */
export class Deliveries {
  readonly #parts: Parts
  readonly #known = new Map<string, Known>()
  #telling: Promise<void> = Promise.resolve()

  private constructor(parts: Parts) {
    this.#parts = parts
  }

  static async open(parts: Parts): Promise<Deliveries> {
    const deliveries = new Deliveries(parts)
    const text = await readIfPresent(deliveries.#path)
    if (text === undefined) return deliveries
    try {
      for (const delivery of Delivery.array().parse(JSON.parse(text))) {
        deliveries.#known.set(delivery.gateway, noted(delivery))
      }
    } catch (error) {
      // Only counts: nothing else hangs on them.
      parts.log.warn({ problem: messageOf(error) }, 'deliveries.json cannot be understood; counts begin anew')
    }
    return deliveries
  }

  get #path(): string {
    return join(this.#parts.home, 'deliveries.json')
  }

  /** Verdicts that a gateway was given. */
  judged(gateway: string, chain: string, verdicts: readonly Verdict[]): void {
    const known = this.#of(gateway)
    const counts = { ...known.delivery.verdicts }
    let { abnormal, twin } = known.delivery
    const atMs = this.#parts.clock.now()
    for (const one of verdicts) {
      counts[one.verdict]++
      const reason = reasonOf(one)
      if (reason !== undefined) abnormal = { verdict: one.verdict, chain, seq: one.seq, reason, atMs }
      if (one.verdict === 'forked') twin = { sign: 'forked', atMs }
      const isUsual = one.verdict === 'stored' || one.verdict === 'duplicate'
      known.change = isUsual && known.change !== 'soon' ? 'counts' : 'soon'
    }
    known.delivery = { ...known.delivery, chain, verdicts: counts, abnormal, twin }
  }

  /** A declaration has been put down. */
  declared({ gateway, chain, from, to, readings, reason, madeMs }: LossDeclaration): void {
    const known = this.#of(gateway)
    const { lost } = known.delivery
    const one = { chain, from, to, readings: readings ?? null, reason, declaredMs: madeMs }
    known.delivery = {
      ...known.delivery,
      lost: {
        ...lost,
        declarations: lost.declarations + 1,
        readings: lost.readings + (readings ?? 0),
        list: [one, ...lost.list].slice(0, maxListed),
      },
    }
  }

  /** A second connection of this gateway has ended the first. */
  takenOver(gateway: string): void {
    const known = this.#of(gateway)
    const atMs = this.#parts.clock.now()
    known.takenOverMs = [...known.takenOverMs, atMs].slice(-takeovers.count)
    const [first] = known.takenOverMs
    const isTwin = known.takenOverMs.length === takeovers.count && atMs - first! <= takeovers.withinMs
    if (!isTwin) return
    known.delivery = { ...known.delivery, twin: { sign: 'taken-over', atMs } }
    known.change = 'soon'
  }

  /** As of now, holes and islands included. */
  all(): Delivery[] {
    const chains = Map.groupBy(this.#parts.chains.all(), ({ gateway }) => gateway)
    return Array.from(this.#known.values(), ({ delivery }) =>
      withGaps(delivery, chains.get(delivery.gateway)),
    )
  }

  /** Journals what has changed and is due, and keeps everything in the file. */
  tell(all = false): Promise<void> {
    this.#telling = this.#telling
      .then(() => this.#tell(all))
      .catch((error) => this.#parts.log.warn({ problem: messageOf(error) }, 'deliveries were not told'))
    return this.#telling
  }

  async #tell(all: boolean): Promise<void> {
    const { clock, journal } = this.#parts
    const now = clock.monotonicMs()
    const due = [...this.#known.values()].filter(
      ({ change, toldMs }) =>
        change === 'soon' || (change === 'counts' && (all || now - toldMs >= tell.countsMs)),
    )
    if (due.length === 0) return
    for (const known of due) {
      known.change = 'none'
      known.toldMs = now
    }
    const gateways = new Set(due.map(({ delivery }) => delivery.gateway))
    const deliveries = this.all()
    await writeAtomically(this.#path, JSON.stringify(deliveries))
    await Promise.all(
      deliveries
        .filter(({ gateway }) => gateways.has(gateway))
        .map((delivery) => {
          const bytes = new TextEncoder().encode(JSON.stringify(delivery))
          const { gateway } = delivery
          return journal.append(encodeRecord({ kind: 'delivery', receivedMs: clock.now(), gateway, bytes }))
        }),
    )
  }

  readonly everyMs = tell.soonMs

  #of(gateway: string): Known {
    let known = this.#known.get(gateway)
    if (known === undefined) {
      known = noted(nothingYet(gateway))
      this.#known.set(gateway, known)
    }
    return known
  }
}

function noted(delivery: Delivery): Known {
  return { delivery, change: 'none', toldMs: -Infinity, takenOverMs: [] }
}

function nothingYet(gateway: string): Delivery {
  return {
    ...{ v: 1, gateway, chain: null, islands: 0, abnormal: null, twin: null },
    verdicts: { stored: 0, duplicate: 0, rejected: 0, held: 0, forked: 0, gap: 0, declared: 0 },
    missing: { holes: 0, batches: 0, list: [] },
    lost: { declarations: 0, batches: 0, readings: 0, list: [] },
  }
}

/** Why this verdict should not have been; undefined where all is well. */
function reasonOf(verdict: Verdict): string | undefined {
  if (verdict.verdict === 'declared') return verdict.problem
  return 'reason' in verdict ? verdict.reason : undefined
}

function withGaps(delivery: Delivery, chains: readonly KnownChain[] = []): Delivery {
  const holes = chains.flatMap(({ id, chain }) =>
    chain.holes.map(({ from, to }) => ({ chain: id, from, to })),
  )
  const declared = chains.flatMap(({ chain }) => chain.state.gaps.filter((gap) => gap.declared))
  const current = chains.find(({ id }) => id === delivery.chain)
  return {
    ...delivery,
    islands: current === undefined ? 0 : current.chain.holes.length + 1,
    missing: { holes: holes.length, batches: sum(holes), list: holes.slice(0, maxListed) },
    lost: { ...delivery.lost, batches: sum(declared) },
  }
}

function sum(ranges: readonly { readonly from: number; readonly to: number }[]): number {
  return ranges.reduce((total, { from, to }) => total + to - from + 1, 0)
}
