import type { CityConfig } from '../config.ts'
import type { PlayOptions } from '../scripts/stage.ts'

/** What the platform's thread asks of the city's. */
export type Call =
  | { readonly call: 'play'; readonly script: string; readonly options: PlayOptions }
  | { readonly call: 'halt'; readonly script: string | undefined }
  | { readonly call: 'playing' | 'stop' }

/** To the city's thread; the answer carries the same number. */
export interface Request {
  readonly n: number
  readonly call: Call
}

/** A FarwatchError on its way between threads. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly retryable: boolean
}

/** From the city's thread. */
export type Answer =
  | { readonly kind: 'ready'; readonly variables: Readonly<Record<string, string>> }
  | { readonly kind: 'not-started'; readonly failure: Failure }
  /** A line of the city's log, JSON. */
  | { readonly kind: 'log'; readonly line: string }
  | { readonly kind: 'done'; readonly n: number; readonly value: readonly string[] }
  | { readonly kind: 'refused'; readonly n: number; readonly failure: Failure }

export interface WorkerData {
  readonly config: CityConfig
  readonly logLevel: string
}
