import { type PointKey, pointKey } from './names.ts'
import { timeSources } from './reading.ts'
import type { Readings } from './readings.ts'
import type { Telemetry } from './telemetry.ts'

/** Devices whose last message's metrics are remembered; the first that came goes first. */
const maxDevices = 10_000

/** What messages with the same metrics have in common, so that each is only times and values. */
interface Layout {
  readonly metrics: readonly string[]
  readonly points: readonly PointKey[]
  readonly ends: Uint32Array
  readonly qualities: Uint16Array
  readonly sources: { readonly device: Uint8Array; readonly arrival: Uint8Array }
}

const layouts = new Map<string, Layout>()

/** The readings of a plain message that is let in: one of each metric, good, stamped by the device or on arrival. */
export function telemetryReadings(
  { timeMs, values }: Telemetry,
  { receivedMs, site, device }: { receivedMs: number; site: string; device: string },
): Readings {
  const { points, ends, qualities, sources } = layoutOf(values, site, device)
  const columns = { timesMs: new Float64Array(values.size), values: new Float64Array(values.size) }
  columns.timesMs.fill(timeMs ?? receivedMs)
  let row = 0
  for (const value of values.values()) columns.values[row++] = value
  return {
    points,
    ends,
    qualities,
    sources: timeMs === undefined ? sources.arrival : sources.device,
    ...columns,
  }
}

function layoutOf(values: Telemetry['values'], site: string, device: string): Layout {
  const key = `${site}/${device}`
  const known = layouts.get(key)
  if (known !== undefined && hasMetrics(known, values)) return known
  const metrics = [...values.keys()]
  const all = (source: (typeof timeSources)[number]) =>
    new Uint8Array(metrics.length).fill(timeSources.indexOf(source))
  const layout = {
    metrics,
    points: metrics.map((metric) => pointKey(site, device, metric)),
    ends: Uint32Array.from(metrics, (_, i) => i + 1),
    qualities: new Uint16Array(metrics.length),
    sources: { device: all('device'), arrival: all('arrival') },
  }
  layouts.delete(key)
  layouts.set(key, layout)
  if (layouts.size > maxDevices) layouts.delete(layouts.keys().next().value!)
  return layout
}

function hasMetrics({ metrics }: Layout, values: Telemetry['values']): boolean {
  if (metrics.length !== values.size) return false
  let i = 0
  for (const metric of values.keys()) if (metrics[i++] !== metric) return false
  return true
}
