import type { Clock } from '@farwatch/runtime'
import {
  AttributeIds,
  type ClientMonitoredItemBase,
  type ClientSubscription,
  DataChangeFilter,
  DataChangeTrigger,
  TimestampsToReturn,
} from 'node-opcua-client'
import type { Point, Sample } from '../../driver.ts'
import type { OpcuaAddress } from './address.ts'
import { sampleOf } from './sample.ts'

/** Items created by one request: servers bound it, and most allow a thousand. */
const itemsPerCall = 500
/** Values the server keeps of one item between two notifications. */
const queueSize = 20
/** BadMonitoredItemFilterUnsupported, BadFilterNotAllowed. */
const noFilter = [0x8044, 0x8045]

export interface MonitorOptions {
  readonly clock: Clock
  readonly put: (sample: Sample) => void
}

export interface UnknownNode {
  readonly node: string
  readonly status: string
}

/**
 * One monitored item a point. A node that the server refuses is reported as a sample of that point, with the refusal as
 * its quality, and returned; the others work.
 */
export async function monitor(
  subscription: ClientSubscription,
  points: readonly Point<OpcuaAddress>[],
  options: MonitorOptions,
): Promise<UnknownNode[]> {
  const unknown: UnknownNode[] = []
  for (const [intervalMs, alike] of Map.groupBy(points, (point) => point.intervalMs)) {
    for (let i = 0; i < alike.length; i += itemsPerCall) {
      const some = alike.slice(i, i + itemsPerCall)
      const refused = await create(subscription, some, { ...options, intervalMs, filtered: true })
      const plain = refused.filter(({ quality }) => noFilter.includes(quality)).map(({ point }) => point)
      const again =
        plain.length === 0
          ? []
          : await create(subscription, plain, { ...options, intervalMs, filtered: false })
      for (const { point, quality, status } of [
        ...refused.filter(({ quality }) => !noFilter.includes(quality)),
        ...again,
      ]) {
        options.put({
          point: point.key,
          timeMs: options.clock.now(),
          timeSource: 'gateway',
          value: null,
          quality,
        })
        unknown.push({ node: point.address.node, status })
      }
    }
  }
  return unknown
}

interface Refusal {
  readonly point: Point<OpcuaAddress>
  readonly quality: number
  readonly status: string
}

async function create(
  subscription: ClientSubscription,
  points: readonly Point<OpcuaAddress>[],
  { clock, put, intervalMs, filtered }: MonitorOptions & { intervalMs: number; filtered: boolean },
): Promise<Refusal[]> {
  // A value that stays the same but was read anew is reported too: otherwise a steady source looks like a dead one.
  const filter = filtered ? new DataChangeFilter({ trigger: DataChangeTrigger.StatusValueTimestamp }) : null
  const group = await subscription.monitorItems(
    points.map(({ address }) => ({ nodeId: address.node, attributeId: AttributeIds.Value })),
    { samplingInterval: intervalMs, queueSize, discardOldest: true, filter },
    TimestampsToReturn.Both,
  )
  group.on('changed', (_item: ClientMonitoredItemBase, data, index) =>
    put(sampleOf(points[index]!.key, data, clock.now())),
  )
  return group.monitoredItems.flatMap(({ statusCode }, i) =>
    statusCode.value >>> 30 === 2
      ? [{ point: points[i]!, quality: statusCode.value >>> 16, status: statusCode.name }]
      : [],
  )
}
