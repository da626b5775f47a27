import { FarwatchError, type PointKey } from '@farwatch/model'
import type { Process } from './process.ts'

/** What changes a point's natural value at a moment: the scripts that play. */
export type Overlay = (key: PointKey, timeMs: number, natural: number) => number

/** The simulated reality: any point at any moment, the same for the same seed. */
export class Plant {
  readonly #processes: ReadonlyMap<PointKey, Process>
  readonly #overlay: Overlay

  constructor(
    processes: ReadonlyMap<PointKey, Process>,
    overlay: Overlay = (_key, _timeMs, natural) => natural,
  ) {
    this.#processes = processes
    this.#overlay = overlay
  }

  has(key: PointKey): boolean {
    return this.#processes.has(key)
  }

  /** @throws FarwatchError `unknown-point`. */
  value(key: PointKey, timeMs: number): number {
    const process = this.#processes.get(key)
    if (process === undefined)
      throw new FarwatchError('unknown-point', `${key} is not part of the simulated city`)
    return this.#overlay(
      key,
      timeMs,
      process(timeMs, (other) => this.value(other, timeMs)),
    )
  }
}
