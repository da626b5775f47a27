import { Registry } from 'prom-client'

export { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** One registry a process (or a test): services add to it, the console's `/metrics` prints it. */
export function createMetrics(): Registry {
  return new Registry()
}
