import { hostname } from 'node:os'
import type { Clock, Logger } from '@farwatch/runtime'
import type { Plant } from '../values/plant.ts'

/** What every simulated device is made with. */
export interface DeviceContext {
  readonly plant: Plant
  readonly clock: Clock
  readonly log: Logger
}

/** As a display or a transmitter rounds it. */
export function rounded(value: number, digits: number): number {
  const factor = 10 ** digits
  return Math.round(value * factor) / factor
}

/** The name others reach a listening address by: the machine's own where it listens on every interface. */
export function reachableAs(host: string): string {
  return host === '0.0.0.0' || host === '::' ? hostname() : host
}
