import { createHash } from 'node:crypto'
import type { Clock, Journal, Logger } from '@farwatch/runtime'
import { followAlerts } from '../alerts/follow.ts'
import { type Channel, deliver } from './channel.ts'

/** A notification older than this is not worth waking anyone for. */
export const notificationLifeMs = 24 * 3_600_000

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
 * accepted, refused for good, or a day old. After `gone` nothing is sent until the next start.
 */
export async function runOutbox(channel: Channel, cursor: string, options: OutboxOptions): Promise<void> {
  const { journal, clock, log, signal, random, onResult } = options
  const place = await journal.cursor(cursor)
  let gone = false
  let failing = false
  await followAlerts(
    place.position,
    { ...options, name: `webhook ${channel.name}` },
    async (transitions, position) => {
      for (const { alert, transition } of transitions) {
        const untilMs = transition.recordedMs + notificationLifeMs
        if (gone || clock.now() > untilMs) {
          onResult(channel.name, gone ? 'gone' : 'expired')
          continue
        }
        const notification = { id: `alert_${alert.id}_${transition.n}`, alert, transition }
        const result = await deliver(channel, notification, {
          clock,
          signal,
          random,
          untilMs,
          onFailure(problem, attempt) {
            onResult(channel.name, 'failed')
            if (!failing)
              log.warn({ webhook: channel.name, id: notification.id, attempt, problem }, 'webhook failed')
            failing = true
          },
        })
        onResult(channel.name, result)
        if (result === 'accepted' && failing) {
          log.info({ webhook: channel.name }, 'webhook accepts again')
          failing = false
        }
        if (result === 'gone') {
          gone = true
          log.error(
            { webhook: channel.name },
            'webhook is gone (HTTP 410): nothing more is sent there until the next start',
          )
        }
      }
      place.advance(position + 1)
    },
  )
}
