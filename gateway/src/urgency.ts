import { isUsable, type PointKey } from '@farwatch/model'
import { type GatewayConfig, keyOf } from './config.ts'
import type { Sample } from './driver.ts'

/**
 * Which readings go to the centre at once, asked of each in order: a value beyond its point's `flush`, and the first one
 * of a point whose quality has become bad.
 */
export function urgencyOf({ site, links }: GatewayConfig): (sample: Sample) => boolean {
  const limits = new Map<PointKey, { readonly above?: number; readonly below?: number }>()
  for (const { points } of links)
    for (const { point, flush } of points) if (flush !== undefined) limits.set(keyOf(site, point), flush)
  const bad = new Set<PointKey>()
  return ({ point, value, quality }) => {
    if (!isUsable(quality)) {
      const isNew = !bad.has(point)
      bad.add(point)
      return isNew
    }
    bad.delete(point)
    const limit = limits.get(point)
    if (limit === undefined || value === null) return false
    const { above = Number.POSITIVE_INFINITY, below = Number.NEGATIVE_INFINITY } = limit
    return value > above || value < below
  }
}
