import { systemClock } from '@farwatch/runtime'
import { devicesOf, metricsOf } from './plant.ts'
import type { Stage } from './stage.ts'

/** How far each device had come at some moment: the last number of its that was measured. */
export type Mark = ReadonlyMap<string, number>

export function markOf({ plan, ledger }: Stage): Mark {
  const devices = plan.ways.flatMap((way) => devicesOf(plan, way))
  return new Map(devices.map((device) => [device, ledger.timesMs(device).length]))
}

interface Pending {
  readonly point: string
  readonly fromMs: number
  readonly toMs: number
  readonly expected: number
}

const atOnce = 4
const patienceMs = 10_000

/**
 * Waits until everything that was measured after one mark and up to another is in the database, each reading once, as
 * the platform's own history tells it. Returns what is not so after `withinMs`, for a person; nothing where all is well.
 */
export async function drained(
  stage: Stage,
  { from, to, withinMs, signal }: { from: Mark; to: Mark; withinMs: number; signal?: AbortSignal },
): Promise<string[]> {
  let pending = pointsBetween(stage, from, to)
  const startedMs = performance.now()
  for (;;) {
    const found = await Promise.all(lanes(pending).map((lane) => unsettled(stage.url, lane)))
    const still = found.flat()
    if (still.length === 0) return []
    if (performance.now() - startedMs > withinMs)
      return still.map(
        ({ point, expected, problem }) => `${point}: ${problem}, expected ${expected} readings`,
      )
    pending = still
    await systemClock.sleep(500, signal)
  }
}

function pointsBetween({ plan, ledger }: Stage, from: Mark, to: Mark): Pending[] {
  return plan.ways.flatMap((way) =>
    devicesOf(plan, way).flatMap((device) => {
      const times = ledger.timesMs(device).slice(from.get(device) ?? 0, to.get(device))
      const [first] = times
      const last = times.at(-1)
      if (first === undefined || last === undefined) return []
      const range = {
        fromMs: first,
        toMs: last + 1,
        expected: times.length,
      }
      return metricsOf(plan, device).map((metric) => ({ point: `${way.site}/${device}/${metric}`, ...range }))
    }),
  )
}

const lanes = (pending: readonly Pending[]) =>
  Array.from({ length: atOnce }, (_, lane) => pending.filter((_, i) => i % atOnce === lane))

async function unsettled(url: string, pending: readonly Pending[]) {
  const still: (Pending & { readonly problem: string })[] = []
  for (const one of pending) {
    const found = await rowsOf(url, one)
    const distinct = typeof found === 'string' ? 0 : new Set(found.map(({ value }) => value)).size
    const settled = typeof found !== 'string' && found.length === one.expected
    if (settled && distinct === one.expected) continue
    const problem = typeof found === 'string' ? found : `${found.length} readings, ${distinct} different`
    still.push({ ...one, problem })
  }
  return still
}

async function rowsOf(url: string, { point, fromMs, toMs }: Pending): Promise<{ value: number }[] | string> {
  const query = new URLSearchParams({
    ...{ point, from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() },
  })
  try {
    const answer = await fetch(`${url}/api/readings?${query}`, { signal: AbortSignal.timeout(patienceMs) })
    const body = (await answer.json()) as { rows?: { value: number }[]; title?: string }
    return body.rows ?? `${answer.status} ${body.title}`
  } catch (error) {
    return String(error)
  }
}
