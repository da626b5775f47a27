import { Counter, Gauge, type Registry } from '@farwatch/runtime'

/** The console's figures in the process's registry, printed by `GET /metrics`. */
export interface ConsoleMetrics {
  readonly leftOut: Counter<'what'>
  readonly unreadable: Counter<'kind'>
  readonly refused: Counter<'code'>
  readonly requests: Counter<'method' | 'status'>
  readonly deltas: Counter
  readonly slowClients: Counter
  readonly snapshots: Counter
  readonly clients: Gauge
  readonly behind: Gauge
}

export function createConsoleMetrics(registry: Registry): ConsoleMetrics {
  const registers = [registry]
  return {
    leftOut: new Counter({
      name: 'farwatch_console_left_out_total',
      help: 'Sites, devices, points, gateways, cameras or pictures beyond what the live picture holds',
      labelNames: ['what'],
      registers,
    }),
    unreadable: new Counter({
      name: 'farwatch_console_unreadable_records_total',
      help: 'Journal records that could not be read, by kind',
      labelNames: ['kind'],
      registers,
    }),
    refused: new Counter({
      name: 'farwatch_console_refused_requests_total',
      help: 'Requests answered with a problem, by its code',
      labelNames: ['code'],
      registers,
    }),
    requests: new Counter({
      name: 'farwatch_console_requests_total',
      help: 'HTTP requests answered',
      labelNames: ['method', 'status'],
      registers,
    }),
    deltas: new Counter({
      name: 'farwatch_console_deltas_total',
      help: 'Deltas numbered, heartbeats included',
      registers,
    }),
    slowClients: new Counter({
      name: 'farwatch_console_slow_clients_total',
      help: 'Times a page was too slow for the deltas; it gets a snapshot once it has taken what waits',
      registers,
    }),
    snapshots: new Counter({
      name: 'farwatch_console_snapshots_total',
      help: 'Snapshots sent to clients',
      registers,
    }),
    clients: new Gauge({ name: 'farwatch_console_clients', help: 'Connected pages', registers }),
    behind: new Gauge({
      name: 'farwatch_console_journal_behind_records',
      help: 'Journal records that the live picture has not seen yet',
      registers,
    }),
  }
}
