import type { Alert, AlertDesk, Delta, Snapshot } from '@farwatch/model'
import type { Clock } from '@farwatch/runtime'
import type { LiveState } from './live-state.ts'

/** So long without a delta, and an empty one is sent: the page's heartbeat. */
const heartbeatMs = 1_000

interface FeedParts {
  readonly state: LiveState
  readonly desk: Pick<AlertDesk, 'current'>
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>
}

/**
 * Numbers the changes of the live state: delta n takes a reader of snapshot n − 1 to n. Whoever holds a snapshot and all
 * deltas after it holds the server's state.
 */
export class Feed {
  readonly #parts: FeedParts
  readonly #alerts = new Map<string, Alert>()
  #seq = 0
  #lastMs = -Infinity

  constructor(parts: FeedParts) {
    this.#parts = parts
  }

  /** An alert went on: its newest state goes with the next delta. */
  alertChanged(alert: Alert): void {
    this.#alerts.set(alert.id, alert)
  }

  /** What changed since the last delta; an empty one when nothing did for a second; otherwise undefined. */
  next(): Delta | undefined {
    const { state, clock } = this.#parts
    const changes = state.takeChanges()
    const alerts = [...this.#alerts.values()]
    this.#alerts.clear()
    const idle = alerts.length === 0 && Object.values(changes).every((list) => list.length === 0)
    const nowMs = clock.monotonicMs()
    if (idle && nowMs - this.#lastMs < heartbeatMs) return undefined
    this.#lastMs = nowMs
    this.#seq += 1
    return { seq: this.#seq, serverMs: clock.now(), alerts, ...changes }
  }

  /** The state as of the last delta; to be called right after `next`, before anything else can change. */
  snapshot(): Snapshot {
    const { state, desk, clock } = this.#parts
    return {
      seq: this.#seq,
      serverMs: clock.now(),
      sites: state.sites(),
      gateways: state.gatewayViews(),
      alerts: desk.current(),
    }
  }
}
