import { createHash } from 'node:crypto'
import type { Clock, Journal, Logger } from '@farwatch/runtime'
import type { TransitionEntry } from '../alerts/entry.ts'
import { followAlerts } from '../alerts/follow.ts'
import { type Channel, deliver, type Notification } from './channel.ts'
import { RefusedLane } from './refused-lane.ts'

/** A notification older than this is not worth waking anyone for. */
export const notificationLifeMs = 24 * 3_600_000

type Result = Awaited<ReturnType<typeof deliver>>

export interface OutboxOptions {
  readonly journal: Journal
  readonly clock: Clock
  readonly log: Logger
  readonly signal: AbortSignal
  readonly random: () => number
  readonly onResult: (channel: string, result: string) => void
}

const prefix = 'webhook.'

/** Lets go of the places of webhooks that are no longer configured: the journal would keep everything for them, for ever. */
export async function forgetOtherWebhooks(journal: Journal, urls: readonly string[]): Promise<void> {
  const configured = new Set(urls.map(cursorName))
  await journal.forgetCursors((name) => name.startsWith(prefix) && !configured.has(name))
}

/** Name of the cursor that says how far a channel has got; a URL may be secret, so only its hash. */
export function cursorName(url: string): string {
  return `${prefix}${createHash('sha256').update(url).digest('hex').slice(0, 16)}`
}

/**
 * Sends each transition in the alert journal through one channel: in order, one at a time, at least once. The journal is
 * the outbox, so it survives restarts and is bounded where the journal is; the cursor moves on when a notification is
 * accepted, refused for good, or a day old. What the receiver does not believe to be ours waits aside (`RefusedLane`), signed
 * anew at each attempt. After `gone` nothing is sent until the next start.
 */
export async function runOutbox(channel: Channel, cursor: string, options: OutboxOptions): Promise<void> {
  const { journal, clock, log, signal, random, onResult } = options
  const place = await journal.cursor(cursor)
  let next = place.position
  let gone = false
  let failing = false

  const isTooOld = ({ transition }: Notification) => clock.now() > transition.recordedMs + notificationLifeMs

  async function attempt(notification: Notification): Promise<Result> {
    const { id, transition } = notification
    if (gone) return 'gone'
    if (isTooOld(notification)) return 'expired'
    const result = await deliver(channel, notification, {
      clock,
      signal,
      random,
      untilMs: transition.recordedMs + notificationLifeMs,
      onFailure(problem, attempt) {
        onResult(channel.name, 'failed')
        if (!failing) log.warn({ webhook: channel.name, id, attempt, problem }, 'webhook failed')
        failing = true
      },
    })
    if (result === 'accepted' && failing) {
      log.info({ webhook: channel.name }, 'webhook accepts again')
      failing = false
      refused.retryNow()
    }
    if (result === 'gone') {
      gone = true
      log.error(
        { webhook: channel.name },
        'webhook is gone (HTTP 410): nothing more is sent there until the next start',
      )
    }
    return result
  }

  function settle({ id }: Notification, result: Result): void {
    onResult(channel.name, result)
    if (result === 'permanent' || result === 'expired')
      log.error({ webhook: channel.name, id, result }, 'a notification is given up: it was not accepted')
  }

  const advance = () => place.advance(refused.oldest ?? next)
  const refused = new RefusedLane({
    clock,
    signal,
    random,
    async attempt(notification) {
      const result = await attempt(notification)
      if (result !== 'refused') settle(notification, result)
      return result === 'refused' ? 'refused' : 'done'
    },
    onLeft: advance,
  })

  async function take({ alert, transition }: TransitionEntry, position: number): Promise<void> {
    const notification = { id: `alert_${alert.id}_${transition.n}`, alert, transition }
    // What was too old before the first attempt is old news, to a URL that is new or after a long standstill.
    if (isTooOld(notification)) return onResult(channel.name, 'expired')
    const result = refused.has(alert.id) ? 'refused' : await attempt(notification)
    if (result === 'refused') await refused.put({ notification, position })
    settle(notification, result)
  }

  const follower = { ...options, name: `webhook ${channel.name}` }
  await Promise.all([
    refused.run(),
    followAlerts(place.position, follower, async (transitions, position) => {
      for (const entry of transitions) await take(entry, position)
      next = position + 1
      advance()
    }),
  ])
}
