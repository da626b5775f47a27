import type { WireValue } from './values.ts'

/** What the embedded engine's worker thread is asked; answers come in order, one statement runs at a time. */
export type EngineRequest =
  | { readonly kind: 'query'; readonly sql: string; readonly parameters: readonly WireValue[] }
  | { readonly kind: 'script'; readonly sql: string }
  | { readonly kind: 'copy'; readonly sql: string; readonly data: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'close' }

export interface EngineResult {
  readonly rows: Record<string, unknown>[]
  /** Rows returned, or copied in. */
  readonly count: number
}

/** `sqlState` undefined: the engine itself broke and its thread ends. */
export interface EngineRefusal {
  readonly problem: string
  readonly sqlState: string | undefined
}

export type EngineAnswer = EngineResult | EngineRefusal
