import { openSign1 } from '@farwatch/evidence'
import { decodeBatch, decodeHeader, Receipt, type Verdict } from '@farwatch/model'
import type { Clock, Cursor, Journal, JournalRecord, Logger } from '@farwatch/runtime'

/** Batches on their way without a receipt: enough to fill a slow line, bounded for the centre's sake. */
export const maxInFlight = 32
const maxReceiptBytes = 256 * 1024
const heldMs = 15_000

/**
 * Which batch is sent next on one connection, and what receipts make of it: the cursor advances over what the centre has
 * answered for, sending goes back where it asks.
 */
export function createWindow(
  cursor: Cursor,
  { journal, clock, log }: { journal: Journal; clock: Clock; log: Logger },
) {
  let next = cursor.position
  let heldUntilMs = 0
  let lastHeardMs = clock.monotonicMs()
  let rewound = new AbortController()
  let wake = Promise.withResolvers<void>()
  const answered = new Set<number>()
  /** Journal position before the first batch of the chain that is being sent. */
  let base = 0
  let chain = ''
  let forked = false
  /** Where sending again has come to, as long as that is behind the cursor. */
  let again: number | undefined

  function rewind(position: number, untilMs = 0): void {
    next = position
    again = position < cursor.position ? position : undefined
    heldUntilMs = untilMs
    rewound.abort()
  }

  function take(verdict: Verdict): void {
    const { seq } = verdict
    const position = base + seq
    switch (verdict.verdict) {
      case 'rejected':
        log.error(
          { seq, reason: verdict.reason },
          'the centre refused a batch for good and keeps it in quarantine',
        )
        settle(position)
        break
      case 'stored':
      case 'duplicate':
        settle(position)
        break
      case 'forked':
        fork(verdict.reason)
        break
      case 'held':
        if (clock.monotonicMs() >= heldUntilMs)
          log.warn({ seq, reason: verdict.reason }, 'the centre asks to wait')
        rewind(cursor.position, clock.monotonicMs() + heldMs)
        break
      case 'gap':
        // A centre restored from an older copy asks for what it had acknowledged: it gets all that is still here.
        if (base + verdict.expected >= Math.max(journal.first, base + 1))
          rewind(Math.min(base + verdict.expected, next))
        else fork(`the centre misses batches from ${verdict.expected} on, which are gone here`)
        break
    }
    while (answered.delete(cursor.position)) cursor.advance(cursor.position + 1)
  }

  function settle(position: number): void {
    if (position >= cursor.position) answered.add(position)
    else if (again !== undefined) again = position + 1 < cursor.position ? position + 1 : undefined
  }

  function fork(reason: string): void {
    if (!forked) log.error({ chain, reason }, 'this chain cannot go on')
    forked = true
    rewound.abort()
  }

  /** Too much is on its way, or batches of the chain before are. */
  function mustWait(position: number, ofChain: string): boolean {
    if (position >= (again ?? cursor.position) + maxInFlight) return true
    return chain !== '' && ofChain !== chain && position > cursor.position
  }

  /** Waits for receipts as long as the condition holds, or until sending goes back or ends. */
  async function waitWhile(condition: () => boolean, signal: AbortSignal): Promise<void> {
    const stop = () => wake.resolve()
    signal.addEventListener('abort', stop, { once: true })
    try {
      while (!signal.aborted && !rewound.signal.aborted && condition()) await wake.promise
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  return {
    /** The centre takes nothing more of this chain: a new one must begin, then `restart`. */
    get forked() {
      return forked
    },
    restart(): void {
      forked = false
      answered.clear()
      again = undefined
      chain = ''
      next = cursor.position
    },
    get next() {
      return next
    },
    /** The signal's own, and the moment when sending must go back. */
    until(signal: AbortSignal): AbortSignal {
      rewound = new AbortController()
      return AbortSignal.any([signal, rewound.signal])
    },
    /** Waits until the batch may go; false when it must not, because sending went back or ended. */
    async admits({ position, payload }: JournalRecord, signal: AbortSignal): Promise<boolean> {
      const header = decodeHeader(openSign1(decodeBatch(payload).sign1).payload)
      await waitWhile(() => mustWait(position, header.chain), signal)
      const waitMs = heldUntilMs - clock.monotonicMs()
      if (waitMs > 0) await clock.sleep(waitMs, signal).catch(() => undefined)
      if (signal.aborted || rewound.signal.aborted) return false
      next = position + 1
      chain = header.chain
      base = position - header.seq
      return true
    },
    /** The batch at this position is damaged: once all before it is answered for, the chain cannot go on. */
    async endsAt(position: number, signal: AbortSignal): Promise<void> {
      await waitWhile(() => position > (again ?? cursor.position), signal)
      if (signal.aborted || rewound.signal.aborted) return
      fork(`the batch at position ${position} is damaged on the disk of this gateway`)
    },
    receive(payload: Uint8Array): void {
      lastHeardMs = clock.monotonicMs()
      const receipt = payload.length > maxReceiptBytes ? undefined : parse(payload)
      if (receipt === undefined)
        log.warn({ bytes: payload.length }, 'a receipt that cannot be read is ignored')
      else if (receipt.chain !== chain)
        log.warn(
          { chain: receipt.chain },
          'a receipt for another chain is ignored: two gateways of one name?',
        )
      else for (const verdict of receipt.verdicts) if (base + verdict.seq < journal.next) take(verdict)
      wake.resolve()
      wake = Promise.withResolvers()
    },
    /** How long batches have been under way without any receipt. */
    silentMs(): number {
      if (next === cursor.position) lastHeardMs = clock.monotonicMs()
      return clock.monotonicMs() - lastHeardMs
    },
  }
}

function parse(payload: Uint8Array): Receipt | undefined {
  try {
    return Receipt.safeParse(JSON.parse(Buffer.from(payload).toString())).data
  } catch {
    return undefined
  }
}
