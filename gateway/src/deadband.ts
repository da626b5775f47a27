import type { PointKey } from '@farwatch/model'
import type { Sample } from './driver.ts'

/** A point with a deadband still reports after this many of its intervals. */
export const silentIntervals = 10

export interface DeadbandSetting {
  /** Absolute, in the point's unit. */
  readonly deadband: number
  readonly intervalMs: number
}

/**
 * Holds back changes smaller than a point's deadband. A change of quality, and the first sample that comes ten intervals
 * or more after the last one let through, always pass; so do points without a deadband.
 */
export class Deadband {
  readonly #settings: ReadonlyMap<PointKey, DeadbandSetting>
  readonly #passed = new Map<PointKey, Sample>()

  constructor(settings: ReadonlyMap<PointKey, DeadbandSetting>) {
    this.#settings = settings
  }

  passes(sample: Sample): boolean {
    const setting = this.#settings.get(sample.point)
    if (setting === undefined) return true
    const last = this.#passed.get(sample.point)
    const held =
      last !== undefined &&
      last.quality === sample.quality &&
      Math.abs(sample.timeMs - last.timeMs) < setting.intervalMs * silentIntervals &&
      (last.value === sample.value ||
        (last.value !== null &&
          sample.value !== null &&
          Math.abs(sample.value - last.value) < setting.deadband))
    if (!held) this.#passed.set(sample.point, sample)
    return !held
  }
}
