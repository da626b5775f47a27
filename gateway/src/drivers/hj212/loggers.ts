import type { Clock } from '@farwatch/runtime'
import type { Point } from '../../driver.ts'
import type { Hj212Address } from './address.ts'
import type { Segment } from './segment.ts'

/** A logger that the configuration knows. */
export interface Logger {
  readonly mn: string
  readonly points: readonly Point<Hj212Address>[]
  /** What PW must say; undefined where anything is taken. */
  readonly password: string | undefined
  /** SM4 key, 16 bytes. Reports must then be encrypted. */
  readonly key: Buffer | undefined
}

export interface LoggerSecrets {
  readonly mn: string
  readonly password?: string | undefined
  readonly key?: Buffer | undefined
}

/** Every logger that has points or secrets, by MN. */
export function loggersOf(
  points: readonly Point<Hj212Address>[],
  secrets: readonly LoggerSecrets[],
): ReadonlyMap<string, Logger> {
  const pointsOf = Map.groupBy(points, ({ address }) => address.mn)
  const secretOf = new Map(secrets.map((secret) => [secret.mn, secret]))
  return new Map(
    [...new Set([...pointsOf.keys(), ...secretOf.keys()])].map((mn) => {
      const { password, key } = secretOf.get(mn) ?? {}
      return [mn, { mn, points: pointsOf.get(mn) ?? [], password, key }]
    }),
  )
}

const maxShown = 5
const rememberMs = 600_000

/** Loggers that nobody knows, shown to the installer for ten minutes after their last frame. */
export class Strangers {
  readonly #clock: Clock
  readonly #show: (problem: string | undefined) => void
  readonly #seen = new Map<string, { readonly from: string; readonly atMs: number }>()
  #shown: string | undefined

  constructor(clock: Clock, show: (problem: string | undefined) => void) {
    this.#clock = clock
    this.#show = show
  }

  saw({ mn }: Segment, from: string): void {
    this.#seen.delete(mn)
    this.#seen.set(mn, { from, atMs: this.#clock.monotonicMs() })
    if (this.#seen.size > maxShown) this.#seen.delete(this.#seen.keys().next().value!)
    this.refresh()
  }

  /** Forgets who has been gone for long. */
  refresh(): void {
    for (const [mn, { atMs }] of this.#seen)
      if (this.#clock.monotonicMs() - atMs > rememberMs) this.#seen.delete(mn)
    const list = [...this.#seen].map(([mn, { from }]) => `${mn} from ${from}`).sort()
    const problem = list.length === 0 ? undefined : `not in the configuration: logger ${list.join(', ')}`
    if (problem === this.#shown) return
    this.#shown = problem
    this.#show(problem)
  }
}
