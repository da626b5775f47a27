import { type Metric, Registry } from 'prom-client'

export { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** One registry a process (or a test): services add to it, the console's `/metrics` prints it. */
export function createMetrics(): Registry {
  return new Registry()
}

/** The metric of that name, made on first use: several gateways of one process share theirs and differ by label. */
export function shared<M extends Metric>(registry: Registry, name: string, make: () => M): M {
  return (registry.getSingleMetric(name) as M | undefined) ?? make()
}
