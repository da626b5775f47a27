import { readdir, readFile } from 'node:fs/promises'
import { devicesOf } from './plant.ts'
import type { Stage } from './stage.ts'

/** What one look at the running system shows. A figure that cannot be had at the moment is left out. */
export interface Look {
  readonly atMs: number
  /** Messages that devices hold without an acknowledgement. */
  readonly devicesWait: number
  /** By site: messages acknowledged to the devices that the centre does not show yet; they wait in broker or gateway. */
  readonly onTheWay?: Readonly<Record<string, number>>
  /** Records of the centre's journal that the database does not have yet. */
  readonly writerBehind?: number
  readonly processes: Readonly<Record<string, { readonly rssMb: number; readonly openFiles: number }>>
}

const patienceMs = 2_000

export async function look(stage: Stage): Promise<Look> {
  const { devices, parts, url } = stage
  const [metrics, points] = await Promise.all([ask(`${url}/metrics`), ask(`${url}/api/points?limit=5000`)])
  const behind = /^farwatch_writer_behind_records (\d+)/m.exec(metrics ?? '')?.[1]
  const processes: Record<string, { rssMb: number; openFiles: number }> = {}
  for (const { name, pid } of parts) {
    const size = pid === undefined ? undefined : await sizeOf(pid)
    if (size !== undefined) processes[name] = size
  }
  return {
    atMs: Date.now(),
    devicesWait: devices.reduce((sum, device) => sum + device.open, 0),
    ...(points === undefined ? {} : { onTheWay: onTheWay(stage, points) }),
    ...(behind === undefined ? {} : { writerBehind: Number(behind) }),
    processes,
  }
}

async function ask(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(patienceMs) })
    return answer.ok ? await answer.text() : undefined
  } catch {
    return undefined
  }
}

function onTheWay({ plan, ledger }: Stage, text: string): Record<string, number> {
  const points = JSON.parse(text) as { key: string; last: { value: number | null } | null }[]
  const shown = new Map(points.map(({ key, last }) => [key, last?.value ?? 0]))
  return Object.fromEntries(
    plan.ways.map((way) => {
      const waiting = devicesOf(plan, way).map((device) =>
        Math.max(0, ledger.acknowledgedCount(device) - (shown.get(`${way.site}/${device}/m1`) ?? 0)),
      )
      return [way.site, waiting.reduce((sum, count) => sum + count, 0)]
    }),
  )
}

/** Resident memory and open files, from /proc; undefined where that is not there. */
async function sizeOf(pid: number): Promise<{ rssMb: number; openFiles: number } | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    const kb = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN)
    const openFiles = (await readdir(`/proc/${pid}/fd`)).length
    return Number.isNaN(kb) ? undefined : { rssMb: Math.round(kb / 1024), openFiles }
  } catch {
    return undefined
  }
}
