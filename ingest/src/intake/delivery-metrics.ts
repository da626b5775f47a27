import type { Delivery } from '@farwatch/model'
import { Gauge, type Registry } from '@farwatch/runtime'

/** Gateways with figures of their own; those beyond stand together under `other`. */
const maxLabels = 1_000

/** Figures per gateway for Prometheus, read when they are asked for. */
export function deliveryMetrics(metrics: Registry, all: () => readonly Delivery[]): void {
  const show = (
    name: string,
    help: string,
    figures: (delivery: Delivery) => [Record<string, string>, number][],
  ) =>
    new Gauge({
      ...{ name, help, registers: [metrics], labelNames: ['gateway', 'verdict'] },
      collect() {
        this.reset()
        for (const [i, delivery] of all().entries()) {
          const gateway = i < maxLabels ? delivery.gateway : 'other'
          for (const [labels, value] of figures(delivery)) this.inc({ gateway, ...labels }, value)
        }
      },
    })
  show(
    'farwatch_gateway_holes',
    'Ranges of batches that have neither come nor been declared lost',
    ({ missing }) => [[{}, missing.holes]],
  )
  show('farwatch_gateway_missing_batches', 'Batches in these ranges', ({ missing }) => [
    [{}, missing.batches],
  ])
  show(
    'farwatch_gateway_islands',
    'Ranges of batches without a hole in the chain used last',
    ({ islands }) => [[{}, islands]],
  )
  show('farwatch_gateway_lost_batches', 'Batches declared lost that have not come after all', ({ lost }) => [
    [{}, lost.batches],
  ])
  show('farwatch_gateway_lost_readings', 'Readings declared lost, ever', ({ lost }) => [[{}, lost.readings]])
  show('farwatch_gateway_verdicts', 'Verdicts given, ever: duplicate, forked …', ({ verdicts }) =>
    Object.entries(verdicts).map(([verdict, count]) => [{ verdict }, count]),
  )
}
