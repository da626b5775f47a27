import type { Alert, Transition } from '@farwatch/model'
import { backoffMs, type Clock, type Sent } from '@farwatch/runtime'

/** One transition of one alert, for someone outside. */
export interface Notification {
  /** The same for each attempt, and after a restart: receivers drop what they have seen. */
  readonly id: string
  readonly alert: Omit<Alert, 'transitions'>
  readonly transition: Transition
}

/** A way out. It sends once, in bounded time, and classifies a failure; `deliver` retries. */
export interface Channel {
  readonly name: string
  /** Rejects only when the signal aborts. */
  send(notification: Notification, signal: AbortSignal): Promise<Sent>
}

export interface Retry {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** 0…1, for the jitter. */
  readonly random: () => number
  /** Unix ms; no attempt begins after it. */
  readonly untilMs: number
  readonly onFailure: (problem: string, attempt: number) => void
}

export const firstBackOffMs = 1_000
export const longestBackOffMs = 300_000

/** Sends until it is accepted, refused, or too old; waits twice as long each time, jittered by up to half. */
export async function deliver(
  channel: Channel,
  notification: Notification,
  retry: Retry,
): Promise<Exclude<Sent['outcome'], 'retryable'> | 'expired'> {
  const { clock, signal, random, untilMs, onFailure } = retry
  const delays = backoffMs(firstBackOffMs, longestBackOffMs, random)
  for (let attempt = 1; ; attempt++) {
    const sent = await channel.send(notification, signal)
    if (sent.outcome === 'accepted') return sent.outcome
    onFailure(sent.problem, attempt)
    if (sent.outcome !== 'retryable') return sent.outcome
    const waitMs = Math.max(delays.next().value, Math.min(sent.afterMs ?? 0, longestBackOffMs))
    if (clock.now() + waitMs > untilMs) return 'expired'
    await clock.sleep(waitMs, signal)
  }
}
