import type { Receipt } from '@farwatch/model'
import type { Gap } from './chain.ts'
import type { Chains } from './chains.ts'

type Asked = Omit<Receipt, 'v'> & { gateway: string }
/** Holes of a chain as text, and since when they are these. */
type Seen = Map<string, { readonly holes: string; readonly sinceMs: number }>

/** Asked for at a time: the oldest. What is behind them comes with the next. */
const holesAtATime = 8

/**
 * Finds out which holes nothing has filled for half a minute, so that their gateway is asked again: the first question may
 * have been lost. Only the chain that a gateway uses now is asked for.
 */
export class GapReminder {
  readonly everyMs = 30_000
  readonly #chains: Chains
  /** The holes of each gateway's chain when they were looked at last. */
  #seen: Seen = new Map()

  constructor(chains: Chains) {
    this.#chains = chains
  }

  /** What is to be asked now. */
  due(monotonicMs: number): Asked[] {
    const seen: Seen = new Map()
    const asked: Asked[] = []
    for (const { gateway, id, chain } of this.#chains.current()) {
      const holes = chain.holes.slice(0, holesAtATime)
      if (holes.length === 0) continue
      const text = `${id} ${holes.map(({ from, to }) => `${from}-${to}`).join()}`
      const before = this.#seen.get(gateway)
      const sinceMs = before?.holes === text ? before.sinceMs : monotonicMs
      seen.set(gateway, { holes: text, sinceMs })
      if (monotonicMs - sinceMs >= this.everyMs - 1_000)
        asked.push({ gateway, chain: id, verdicts: holes.map(question) })
    }
    this.#seen = seen
    return asked
  }
}

function question({ from, to }: Gap): Receipt['verdicts'][number] {
  return { verdict: 'gap', seq: to + 1, expected: from }
}
