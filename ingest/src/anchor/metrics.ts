import { Counter, Gauge, type Registry as Metrics } from '@farwatch/runtime'
import type { Courier } from './courier.ts'
import type { AnchorStore } from './store.ts'

/** Tries that failed, by destination. */
export function countFailures(metrics: Metrics): Counter<'destination'> {
  return new Counter({
    name: 'farwatch_anchor_failures_total',
    help: 'Failed tries to bring an anchor to its destination',
    labelNames: ['destination'],
    registers: [metrics],
  })
}

/** Newest anchor, and the newest that has reached each destination; their age is time() minus these. */
export function observeAnchors(metrics: Metrics, store: AnchorStore, couriers: readonly Courier[]): void {
  const madeSeconds = (seq: number) => (store.anchors[seq - 1]?.madeMs ?? 0) / 1000
  new Gauge({
    name: 'farwatch_anchor_made_timestamp_seconds',
    help: 'When the newest anchor was made (Unix time)',
    registers: [metrics],
    collect() {
      this.set(madeSeconds(store.anchors.length))
    },
  })
  new Gauge({
    name: 'farwatch_anchor_delivered_timestamp_seconds',
    help: 'When the newest anchor that has reached the destination was made (Unix time)',
    labelNames: ['destination'],
    registers: [metrics],
    collect() {
      for (const { kind, reached } of couriers) this.set({ destination: kind }, madeSeconds(reached))
    },
  })
}
