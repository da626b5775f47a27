import { messageOf } from '@farwatch/model'
import { backoffMs, type Clock, type Journal, type Logger } from '@farwatch/runtime'
import { decodeEntries, type TransitionEntry } from './entry.ts'

const retry = { firstMs: 500, mostMs: 30_000 }

export interface FollowOptions {
  readonly journal: Journal
  readonly clock: Clock
  readonly log: Logger
  readonly signal: AbortSignal
  /** Who follows, for the log. */
  readonly name: string
}

/**
 * Hands each record of the alert journal to `work`, from `from` on, in order, until the signal aborts. Work that throws is
 * tried again, ever more slowly, and says so once; nothing is passed over but what the disk no longer gives back.
 */
export async function followAlerts(
  from: number,
  options: FollowOptions,
  work: (transitions: readonly TransitionEntry[], position: number) => Promise<void>,
): Promise<void> {
  const { journal, clock, log, signal, name } = options
  let position = from
  let delays = backoffMs(retry.firstMs, retry.mostMs)
  let failing = false
  while (!signal.aborted) {
    try {
      for await (const records of journal.follow(position, signal, { records: 100, bytes: 1_000_000 })) {
        for (const record of records) {
          if (record.payload === undefined) {
            const { first, next } = record.damaged
            const about = { follower: name, position, first, next }
            log.error(about, 'a damaged record of the alert journal is passed over')
          }
          const entries = record.payload === undefined ? [] : decodeEntries(record.payload)
          const transitions = entries.filter((entry) => entry.kind === 'transition')
          await work(transitions, record.position)
          position = record.position + 1
          if (failing) log.info({ follower: name, position }, 'goes on')
          failing = false
          delays = backoffMs(retry.firstMs, retry.mostMs)
        }
      }
      // The journal was closed: nothing more will come.
      return
    } catch (error) {
      if (signal.aborted) return
      if (!failing) log.warn({ follower: name, position, problem: messageOf(error) }, 'waits and tries again')
      failing = true
      await clock.sleep(delays.next().value, signal).catch(() => undefined)
    }
  }
}
