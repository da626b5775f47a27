import { type EntityKind, entityKinds } from '@farwatch/model'
import { Counter, Gauge, type Registry as Metrics } from '@farwatch/runtime'

export interface RegistryMetrics {
  readonly changes: Counter<'outcome'>
}

export function registryMetrics(metrics: Metrics, count: (kind: EntityKind) => number): RegistryMetrics {
  const registers = [metrics]
  new Gauge({
    name: 'farwatch_registry_entities',
    help: 'What the registry holds, by kind',
    labelNames: ['kind'],
    registers,
    collect() {
      for (const kind of entityKinds) this.set({ kind }, count(kind))
    },
  })
  return {
    changes: new Counter({
      name: 'farwatch_registry_changes_total',
      help: 'Changes asked of the registry: done, refused for problems, in conflict with another',
      labelNames: ['outcome'],
      registers,
    }),
  }
}
