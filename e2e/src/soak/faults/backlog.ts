import { join } from 'node:path'
import { loadIdentity, openSpool } from '@farwatch/gateway/uplink'
import { Credentials, startIntake } from '@farwatch/ingest'
import { decodeRecord, seriesOf } from '@farwatch/model'
import { createMetrics, type Journal, openJournal, silentLog, systemClock } from '@farwatch/runtime'
import { quantile } from './alarms.ts'
import { Wire } from './wire.ts'

export interface BacklogOptions {
  /** An empty folder. */
  readonly folder: string
  /** How long the line was cut, simulated: so far back begin the source times of the backlog. */
  readonly cutHours: number
  readonly points: number
  /** Each point is read once in so many simulated seconds, all of them at once. */
  readonly everyS: number
  /** Real time between the live readings of one more point. */
  readonly liveEveryMs: number
  /** Live readings that are timed with and without a backlog. */
  readonly liveSamples: number
  readonly signal: AbortSignal
}

export interface BacklogResult {
  readonly backlog: number
  readonly backlogSeconds: number
  /** Readings of backlog and live together that stand once in the centre's journal. */
  readonly once: number
  readonly sent: number
  readonly doubles: number
  /** How much of the backlog had not arrived when half of the timed live readings had. */
  readonly backlogLeft: number
  /** From reading to the centre's disk, ms. */
  readonly live: { readonly p50: number; readonly p99: number }
  readonly liveWithout: { readonly p50: number; readonly p99: number }
}

const live = 'S/live/m'
const backlogPoint = (n: number) => `S/d${Math.floor(n / 20)}/p${n % 20}`

/**
 * A gateway whose line is healed after days of simulated time: what waited is in its journal, live readings go on. Both
 * halves are the real ones, with their journals on disk and a socket between them.
 */
export async function runBacklog(options: BacklogOptions): Promise<BacklogResult> {
  const { folder, cutHours, points, everyS, signal } = options
  const centre = await openCentre(join(folder, 'centre'))
  const wire = await Wire.open(centre.port)
  wire.refuse()
  const gateway = await openGateway(join(folder, 'gateway'), {
    url: `mqtt://127.0.0.1:${wire.port}`,
    password: centre.password,
  })
  const arrivals = watchArrivals(centre.journal)
  try {
    const rounds = Math.round((cutHours * 3_600) / everyS)
    const startMs = Date.now() - cutHours * 3_600_000
    let adding: Promise<void>[] = []
    for (let round = 0; round < rounds; round++) {
      signal.throwIfAborted()
      const timeMs = Math.round(startMs + round * everyS * 1_000)
      adding.push(
        gateway.add(
          Array.from({ length: points }, (_, n) => ({
            ...{ point: backlogPoint(n), timeMs, value: round, quality: 0 },
            timeSource: 'device' as const,
          })),
        ),
      )
      if (adding.length < 50) continue
      await Promise.all(adding)
      adding = []
    }
    await Promise.all(adding)
    const backlog = rounds * points

    wire.heal()
    // The uplink finds out by itself that the line is whole.
    await until(() => arrivals.backlog() > 0, signal)
    const healedMs = performance.now()
    const timed = await measureLive(gateway, arrivals, { ...options, first: 0 })
    const backlogLeft = backlog - timed.backlogAtHalf
    await until(() => arrivals.backlog() >= backlog, signal)
    const backlogSeconds = Math.round((performance.now() - healedMs) / 1_000)
    const without = await measureLive(gateway, arrivals, { ...options, first: options.liveSamples })
    const sent = backlog + 2 * options.liveSamples
    return {
      ...{ backlog, backlogSeconds, backlogLeft, sent },
      ...{ once: arrivals.distinct(), doubles: arrivals.doubles() },
      ...{ live: timed.latency, liveWithout: without.latency },
    }
  } finally {
    await arrivals.stop()
    await gateway.stop()
    await wire.close()
    await centre.stop()
  }
}

async function openCentre(folder: string) {
  const journal = await openJournal({ folder, log: silentLog })
  const credentials = await Credentials.open(join(folder, 'credentials.json'))
  const password = await credentials.enrolGateway('GW-1')
  const intake = await startIntake(
    { host: '127.0.0.1', port: 0 },
    {
      ...{ clock: systemClock, log: silentLog, metrics: createMetrics(), journal, credentials },
      ...{ registry: { sites: [] }, home: folder },
    },
  )
  return {
    ...{ journal, password, port: intake.port },
    async stop() {
      await intake.stop()
      await journal.close()
    },
  }
}

async function openGateway(folder: string, { url, password }: { url: string; password: string }) {
  return await openSpool({
    ...{ gateway: 'GW-1', identity: await loadIdentity(folder), url, password, home: folder },
    ...{ clock: systemClock, log: silentLog, lingerMs: 5, links: () => [] },
  })
}

type Arrivals = ReturnType<typeof watchArrivals>

/** Follows the centre's journal: what has arrived, and when each live reading did. */
function watchArrivals(journal: Journal) {
  const ending = new AbortController()
  const seen = new Map<string, Set<number>>()
  const liveAtMs = new Map<number, number>()
  let doubles = 0
  let distinct = 0
  const following = (async () => {
    for await (const records of journal.follow(1, ending.signal)) {
      const nowMs = performance.now()
      for (const { payload } of records)
        for (const { point, timesMs, values } of payload === undefined
          ? []
          : seriesOf(decodeRecord(payload))) {
          let times = seen.get(point)
          if (times === undefined) {
            times = new Set()
            seen.set(point, times)
          }
          for (const [i, timeMs] of timesMs.entries()) {
            if (times.has(timeMs)) doubles++
            else distinct++
            times.add(timeMs)
            if (point === live && !liveAtMs.has(values[i]!)) liveAtMs.set(values[i]!, nowMs)
          }
        }
    }
  })()
  return {
    liveAtMs: (n: number) => liveAtMs.get(n),
    backlog: () => distinct - liveAtMs.size,
    distinct: () => distinct,
    doubles: () => doubles,
    async stop() {
      ending.abort()
      await following
    },
  }
}

/** Live readings one after another at their pace; resolves when all of them have arrived. */
async function measureLive(
  gateway: { add: Awaited<ReturnType<typeof openGateway>>['add'] },
  arrivals: Arrivals,
  { first, liveEveryMs, liveSamples, signal }: BacklogOptions & { first: number },
) {
  const addedMs = new Map<number, number>()
  const adding: Promise<void>[] = []
  let backlogAtHalf: number | undefined
  const note = () => {
    if (arrivals.liveAtMs(first + Math.floor(liveSamples / 2)) !== undefined)
      backlogAtHalf ??= arrivals.backlog()
  }
  const stopNoting = systemClock.every(5, note)
  try {
    for (let n = first; n < first + liveSamples; n++) {
      addedMs.set(n, performance.now())
      const reading = { point: live, timeMs: Date.now(), value: n, quality: 0 }
      adding.push(gateway.add([{ ...reading, timeSource: 'device' }]))
      await systemClock.sleep(liveEveryMs, signal)
    }
    await Promise.all(adding)
    await until(() => arrivals.liveAtMs(first + liveSamples - 1) !== undefined, signal)
    note()
  } finally {
    stopNoting()
  }
  const took = Array.from(addedMs, ([n, atMs]) => (arrivals.liveAtMs(n) ?? Number.POSITIVE_INFINITY) - atMs)
  took.sort((a, b) => a - b)
  const at = (share: number) => Math.round(quantile(took, share) ?? Number.NaN)
  return { latency: { p50: at(0.5), p99: at(0.99) }, backlogAtHalf: backlogAtHalf ?? arrivals.backlog() }
}

async function until(holds: () => boolean, signal: AbortSignal): Promise<void> {
  while (!holds()) await systemClock.sleep(20, signal)
}
