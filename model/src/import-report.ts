import type { EntityKind } from './entities.ts'
import type { Text } from './registry.ts'

/** One mistake in an imported file. */
export interface SheetProblem {
  readonly sheet: string
  /** As spreadsheet programs count, from 1; null: the sheet as a whole. */
  readonly row: number | null
  /** `A`, `B` …; null: the row as a whole. */
  readonly column: string | null
  /** What the column is called in the file. */
  readonly heading: string | null
  /** What stands there, shortened. */
  readonly found: string
  readonly code: string
  /** What was found, what is expected, what to do. */
  readonly text: Text
}

export interface SheetSummary {
  readonly sheet: string
  /** Null: the sheet is none of the registry's and was not read. */
  readonly kind: EntityKind | null
  readonly rows: number
  readonly added: number
  readonly changed: number
  readonly unchanged: number
}

/** What a file would change, or has changed. */
export interface ImportReport {
  /** `ready`: a rehearsal without problems. `refused`: nothing was changed. */
  readonly outcome: 'ready' | 'refused' | 'done'
  readonly sheets: readonly SheetSummary[]
  /** Entities that are new or different. */
  readonly changes: number
  /** In the order of sheets, rows and columns; the first 2,000. */
  readonly problems: readonly SheetProblem[]
  readonly problemCount: number
  /** Of the registry, after the import. */
  readonly version: number
}
