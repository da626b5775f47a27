import { type Receipt, type Verdict, verdictsAReceipt } from '@farwatch/model'

/** What one receipt says of one chain of a gateway. */
export interface Answer {
  readonly gateway: string
  readonly chain: string
  readonly verdicts: readonly Verdict[]
}

/**
 * Puts what is known in one moment of one chain into one receipt: batches that share an fsync share their answer. Only
 * `stored` and `duplicate` are put together, for what a `gap` means hangs on what else its receipt says of the same batch.
 */
export class Receipts {
  readonly #send: (gateway: string, receipt: Receipt) => void
  readonly #waiting = new Map<string, { chain: string; verdicts: Verdict[] }>()

  constructor(send: (gateway: string, receipt: Receipt) => void) {
    this.#send = send
  }

  /** Answers a gateway soon, in the order of the calls. */
  add({ gateway, chain, verdicts }: Answer): void {
    const before = this.#waiting.get(gateway)
    const mayJoin = verdicts.every(({ verdict }) => verdict === 'stored' || verdict === 'duplicate')
    if (!mayJoin) {
      this.#flush(gateway)
      this.#send(gateway, { v: 1, chain, verdicts: [...verdicts] })
      return
    }
    if (before?.chain === chain && before.verdicts.length + verdicts.length <= verdictsAReceipt) {
      before.verdicts.push(...verdicts)
      return
    }
    this.#flush(gateway)
    this.#waiting.set(gateway, { chain, verdicts: [...verdicts] })
    // Everything that one fsync settles is told before the event loop turns.
    setImmediate(() => this.#flush(gateway))
  }

  #flush(gateway: string): void {
    const waiting = this.#waiting.get(gateway)
    if (waiting === undefined) return
    this.#waiting.delete(gateway)
    this.#send(gateway, { v: 1, ...waiting })
  }
}
