import type { Text } from '@farwatch/model'
import type { WrittenSheet } from './spreadsheet-writer.ts'
import type { UnreadableCode } from './unreadable.ts'
import type { Row } from './workbook.ts'

/** One job of a process, which ends with it. */
export type SheetJob =
  | { readonly job: 'read'; readonly bytes: Uint8Array }
  | { readonly job: 'write'; readonly sheets: readonly WrittenSheet[] }

/** What a process answers: rows of a sheet in parts, then `end`. */
export type SheetAnswer =
  | { readonly answer: 'rows'; readonly sheet: string; readonly rows: readonly Row[] }
  | { readonly answer: 'end' }
  | { readonly answer: 'written'; readonly bytes: Uint8Array }
  | { readonly answer: 'unreadable'; readonly code: UnreadableCode; readonly text: Text }
