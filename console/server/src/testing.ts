import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type AcknowledgeOutcome,
  type Act,
  type ActAudit,
  type ActLog,
  type Alert,
  type AlertDesk,
  type CameraView,
  type CentreRecord,
  type ClientToServer,
  type Delta,
  encodeRecord,
  FarwatchError,
  isOpen,
  type LastValue,
  nowhere,
  type RecordedAct,
  Registry,
  type RegistryDesk,
  type ServerToClient,
  type Snapshot,
} from '@farwatch/model'
import { createMetrics, type Database, openJournal, silentLog, systemClock } from '@farwatch/runtime'
import { io, type Socket } from 'socket.io-client'
import { type ConsoleConfig, type ConsoleDeps, start } from './server.ts'
import { MemoryAccess } from './testing-access.ts'

/** An alert desk in memory: what a test raises is there, and acknowledging works as ISA-18.2 has it. */
export class MemoryDesk implements AlertDesk {
  readonly #alerts = new Map<string, Alert>()
  readonly #listeners = new Set<(alert: Alert) => void>()

  current(): Alert[] {
    return [...this.#alerts.values()]
  }

  subscribe(listener: (alert: Alert) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  put(alert: Alert): void {
    this.#alerts.set(alert.id, alert)
    for (const listener of this.#listeners) listener(alert)
  }

  async acknowledge(
    id: string,
    { by, comment = null as string | null }: { by: string; comment?: string | null },
  ) {
    const alert = this.#alerts.get(id)
    if (alert === undefined || !isOpen(alert)) return { outcome: 'unknown' } satisfies AcknowledgeOutcome
    if (alert.state === 'acknowledged') return { outcome: 'already', alert } satisfies AcknowledgeOutcome
    const atMs = Date.now()
    const done: Alert = {
      ...alert,
      state: 'acknowledged',
      transitions: [
        ...alert.transitions,
        {
          ...{ n: alert.transitions.length + 1, kind: 'acknowledged', state: 'acknowledged' },
          ...{ atMs, recordedMs: atMs, by, comment, value: null },
        },
      ],
    }
    this.put(done)
    return { outcome: 'done', alert: done } satisfies AcknowledgeOutcome
  }
}

/** A registry that holds nothing but what is monitored, each site in its county, and takes no change. */
export function registryOf(registry: Registry): RegistryDesk {
  const counties = new Map(registry.sites.map(({ id, county = null }) => [id, county]))
  return {
    version: 0,
    list: () => [],
    get: () => undefined,
    history: async () => [],
    limitsAt: () => [],
    scopeOf: (kind, id) =>
      kind === 'site' && counties.has(id)
        ? { ...nowhere, jurisdiction: counties.get(id) ?? null }
        : undefined,
    evidenceGrade: () => ({ grade: 'lead', review: null, calibration: null }),
    succession: () => [],
    check: () => [],
    change: async () => ({ outcome: 'refused', problems: [] }),
    monitored: () => registry,
    subscribe: () => () => {},
  }
}

/** The database of a centre whose database is away. */
export const databaseAway: Database = {
  capabilities: {
    ...{ engine: 'server', postgres: '17.5', timescaledb: '2.23.0' },
    ...{ edition: 'community', backgroundWorkers: true },
  },
  query: () => Promise.reject(away()),
  transaction: () => Promise.reject(away()),
  sync: () => Promise.reject(away()),
  close: () => Promise.resolve(),
}

function away(): FarwatchError {
  return new FarwatchError('database-unavailable', 'connect ECONNREFUSED', { retryable: true })
}

export const city = Registry.parse({
  sites: [
    {
      id: 'E01',
      name: { zh: '一号酒厂', en: 'Distillery one' },
      kind: 'distillery',
      latitude: 33.85,
      longitude: 115.78,
      county: '341602',
      gateway: 'gw-e01',
      devices: [
        {
          id: 'gas',
          name: { zh: '可燃气体', en: 'Combustible gas' },
          points: [
            { metric: 'lel', name: { zh: '浓度', en: 'Concentration' }, unit: '%LEL', intervalS: 1 },
            { metric: 'fan', name: { zh: '风机', en: 'Fan' }, type: 'state' },
          ],
        },
      ],
    },
    {
      id: 'E10',
      name: { zh: '十号厨房', en: 'Kitchen ten' },
      kind: 'kitchen',
      latitude: 33.5,
      longitude: 116.2,
      devices: [
        {
          id: '后厨',
          name: { zh: '后厨', en: 'Kitchen' },
          kind: 'camera',
          frigateCamera: 'e10-kitchen',
        },
      ],
    },
  ],
})

/** An alert on E01's gas; `n` makes it one of its own. */
export function alertOf(n: number, over: Partial<Alert> = {}): Alert {
  const setMs = 1_795_000_000_000 + n * 1000
  return {
    ...{ id: n.toString(16).padStart(32, '0'), rule: 'gas-high', ruleVersion: 1, subject: 'E01/gas/lel' },
    ...{ site: 'E01', level: 'red', state: 'unacknowledged', unit: '%LEL', limit: 25, value: 30, worst: 30 },
    title: { zh: '可燃气体超限', en: 'Combustible gas above limit' },
    why: { zh: '30 > 25 %LEL', en: '30 > 25 %LEL' },
    ...{ late: false, setMs, returnedMs: null },
    transitions: [
      {
        ...{ n: 1, kind: 'raised', state: 'unacknowledged', atMs: setMs, recordedMs: setMs },
        ...{ by: null, comment: null, value: 30 },
      },
    ],
    ...over,
  }
}

export function telemetry(device: string, values: Record<string, number>, timeMs?: number): CentreRecord {
  const [site = '', id = ''] = device.split('/')
  const message = timeMs === undefined ? values : { ts: timeMs, values }
  return { kind: 'telemetry', receivedMs: Date.now(), site, device: id, bytes: bytesOf(message) }
}

export function bytesOf(message: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(message))
}

/** The least that looks like a JPEG; `filling` makes it one of its own. */
export function jpeg(filling: string): Uint8Array {
  return Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, ...new TextEncoder().encode(filling), 0xff, 0xd9)
}

/** A log of acts in memory. */
export class MemoryActs implements ActLog {
  readonly recorded: RecordedAct[] = []

  get end(): number {
    return this.recorded.length
  }

  async append(act: Act): Promise<RecordedAct> {
    const recorded = { ...act, seq: this.end + 1, atMs: Date.now() }
    this.recorded.push(recorded)
    return recorded
  }

  async *read(fromSeq: number): AsyncGenerator<RecordedAct> {
    yield* this.recorded.slice(fromSeq - 1)
  }
}

const neverVerified: ActAudit = {
  verification: { state: 'never', done: 0, of: 0, upTo: 0, checkedMs: null, faults: [], problem: null },
  verify: () => undefined,
}

/** The console on a free port, with a real journal in a temporary folder. */
export async function startConsole(over: Partial<ConsoleConfig> = {}, deps: Partial<ConsoleDeps> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'farwatch-console-'))
  const journal = await openJournal({ folder: join(folder, 'journal'), log: silentLog })
  const desk = new MemoryDesk()
  const acts = new MemoryActs()
  const access = new MemoryAccess()
  const metrics = createMetrics()
  const console = await start(
    {
      ...{ host: '127.0.0.1', port: 0, webRoot: join(folder, 'web'), mapboxToken: null },
      ...{ allowedHosts: [], version: '0.1.0-test', ...over },
    },
    {
      ...{
        clock: systemClock,
        log: silentLog,
        metrics,
        database: databaseAway,
        journal,
        acts,
        audit: neverVerified,
        desk,
        access,
        registryDesk: registryOf(city),
      },
      components: () => ({ intake: { status: 'ok' } }),
      ...deps,
    },
  )
  return {
    ...{ url: console.url, folder, journal, acts, access, desk, metrics },
    append: (record: CentreRecord) => journal.append(encodeRecord(record)),
    async stop() {
      await console.stop()
      await journal.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Resolves once `check` gives something other than undefined or false; fails after ten seconds. */
export async function eventually<T>(
  check: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const until = performance.now() + 10_000
  for (;;) {
    const found = await check()
    if (found !== undefined && found !== false) return found
    if (performance.now() > until) throw new Error(`not within ten seconds: ${check}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** A page: keeps what snapshot and deltas tell, as the contract says, and notes every hole in the numbers. */
export class Page {
  readonly socket: Socket<ServerToClient, ClientToServer>
  seen: Snapshot | undefined
  readonly snapshots: number[] = []
  readonly deltas: Delta[] = []
  readonly holes: string[] = []

  constructor(
    url: string,
    options: { transports?: ('websocket' | 'polling')[]; headers?: Record<string, string> } = {},
  ) {
    this.socket = io(url, {
      ...{ transports: options.transports ?? ['websocket'], extraHeaders: options.headers },
      ...{ reconnection: false, forceNew: true },
    })
    this.socket.on('snapshot', (snapshot) => {
      this.snapshots.push(snapshot.seq)
      this.seen = snapshot
    })
    this.socket.on('delta', (delta) => {
      this.deltas.push(delta)
      if (this.seen === undefined || delta.seq <= this.seen.seq) return
      if (delta.seq !== this.seen.seq + 1) this.holes.push(`${this.seen.seq} → ${delta.seq}`)
      this.seen = applyDelta(this.seen, delta)
    })
  }

  close(): void {
    this.socket.disconnect()
  }
}

/** What a page that held `before` holds after the delta. */
export function applyDelta(before: Snapshot, delta: Delta): Snapshot {
  const values = new Map<string, LastValue>(
    delta.values.map(([key, timeMs, receivedMs, value, quality]) => [
      key,
      { timeMs, receivedMs, value, quality },
    ]),
  )
  const cameras = new Map<string, CameraView>(delta.cameras.map((camera) => [camera.device, camera]))
  const sites = replaced(before.sites, delta.sites).map((site) => ({
    ...site,
    devices: site.devices.map((device) => ({
      ...device,
      points: device.points.map((point) => ({ ...point, last: values.get(point.key) ?? point.last })),
      camera: cameras.get(`${site.id}/${device.id}`) ?? device.camera,
    })),
  }))
  return {
    ...{ seq: delta.seq, serverMs: delta.serverMs, sites },
    gateways: replaced(before.gateways, delta.gateways),
    alerts: replaced(before.alerts, delta.alerts),
  }
}

/** Those known, each in its newest form and its old place, then those that are new. */
function replaced<T extends { readonly id: string }>(known: readonly T[], news: readonly T[]): T[] {
  const byId = new Map(known.map((one) => [one.id, one]))
  for (const one of news) byId.set(one.id, one)
  return [...byId.values()]
}
