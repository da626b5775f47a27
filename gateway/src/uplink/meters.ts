import { type Clock, Counter, Gauge, type Registry, shared } from '@farwatch/runtime'
import type { Spool } from './spool.ts'
import { lanes } from './window.ts'

const everyMs = 5_000

/** Keeps the process's spool metrics of one gateway up to date; the returned function ends it. */
export function meterSpool(
  registry: Registry,
  gateway: string,
  { spool, clock }: { spool: Pick<Spool, 'lane' | 'lost'>; clock: Clock },
): () => void {
  const gauge = (name: string, help: string, ...more: string[]) =>
    shared(
      registry,
      name,
      () => new Gauge({ name, help, labelNames: ['gateway', ...more], registers: [registry] }),
    )
  const sentName = 'farwatch_gateway_batches_sent_total'
  const sentCounter = shared(
    registry,
    sentName,
    () =>
      new Counter({
        ...{ name: sentName, help: 'Batches sent, by lane; what is sent again counts again' },
        ...{ labelNames: ['gateway', 'lane'], registers: [registry] },
      }),
  )
  const waiting = gauge('farwatch_gateway_batches_waiting', 'Batches without a receipt, by lane', 'lane')
  const age = gauge('farwatch_gateway_oldest_batch_seconds', 'Age of the oldest batch on its way', 'lane')
  const batches = gauge('farwatch_gateway_lost_batches', 'Batches whose loss was ever declared')
  const readings = gauge('farwatch_gateway_lost_readings', 'Readings whose loss was ever declared')
  const counted = { live: 0, backfill: 0 }
  const look = () => {
    for (const lane of lanes) {
      const state = spool.lane(lane)
      sentCounter.inc({ gateway, lane }, state.sent - counted[lane])
      counted[lane] = state.sent
      waiting.set({ gateway, lane }, state.waiting)
      const { oldestMadeMs } = state
      age.set({ gateway, lane }, oldestMadeMs === undefined ? 0 : (clock.now() - oldestMadeMs) / 1_000)
    }
    const lost = spool.lost()
    batches.set({ gateway }, lost.batches)
    readings.set({ gateway }, lost.readings)
  }
  look()
  return clock.every(everyMs, look)
}
