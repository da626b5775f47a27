import { Receipt, type Verdict } from '@farwatch/model'
import type { Clock, Cursor, Journal, Logger } from '@farwatch/runtime'

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
  { chain, journal, clock, log }: { chain: string; journal: Journal; clock: Clock; log: Logger },
) {
  let next = cursor.position
  let heldUntilMs = 0
  let lastHeardMs = clock.monotonicMs()
  let rewound = new AbortController()
  let wake = Promise.withResolvers<void>()
  const answered = new Set<number>()

  function rewind(position: number, untilMs = 0): void {
    next = position
    heldUntilMs = untilMs
    rewound.abort()
  }

  function take(verdict: Verdict): void {
    const { seq } = verdict
    switch (verdict.verdict) {
      case 'rejected':
        log.error(
          { seq, reason: verdict.reason },
          'the centre refused a batch for good and keeps it in quarantine',
        )
        answered.add(seq)
        break
      case 'stored':
      case 'duplicate':
        answered.add(seq)
        break
      case 'held':
        if (clock.monotonicMs() >= heldUntilMs)
          log.warn({ seq, reason: verdict.reason }, 'the centre asks to wait')
        rewind(cursor.position, clock.monotonicMs() + heldMs)
        break
      case 'gap':
        if (verdict.expected >= Math.max(cursor.position, journal.first))
          rewind(Math.min(verdict.expected, next))
        else
          log.error(
            { expected: verdict.expected, kept: cursor.position },
            'the centre misses batches that are gone here',
          )
        break
    }
    while (answered.delete(cursor.position)) cursor.advance(cursor.position + 1)
  }

  return {
    get next() {
      return next
    },
    /** The signal's own, and the moment when sending must go back. */
    until(signal: AbortSignal): AbortSignal {
      rewound = new AbortController()
      return AbortSignal.any([signal, rewound.signal])
    },
    /** Waits until the batch at `position` may go; false when it must not, because sending went back or ended. */
    async admits(position: number, signal: AbortSignal): Promise<boolean> {
      const stop = () => wake.resolve()
      signal.addEventListener('abort', stop, { once: true })
      try {
        while (!signal.aborted && !rewound.signal.aborted && position >= cursor.position + maxInFlight)
          await wake.promise
        const waitMs = heldUntilMs - clock.monotonicMs()
        if (waitMs > 0) await clock.sleep(waitMs, signal).catch(() => undefined)
      } finally {
        signal.removeEventListener('abort', stop)
      }
      if (signal.aborted || rewound.signal.aborted) return false
      next = position + 1
      return true
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
      else for (const verdict of receipt.verdicts) if (verdict.seq < journal.next) take(verdict)
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
