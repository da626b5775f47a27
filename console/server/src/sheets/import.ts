import type {
  Actor,
  ChangeOutcome,
  ChangeProblem,
  ImportReport,
  MayChange,
  RegistryDesk,
  SheetProblem,
  SheetSummary,
} from '@farwatch/model'
import { bounds } from './bounds.ts'
import { rowsToChanges, type SheetChanges } from './rows-to-changes.ts'
import type { Sheet } from './workbook.ts'

export interface Importer {
  readonly actor: Actor
  readonly may: MayChange
  /** Kept with the act. */
  readonly reason: string | null
  /** Only tell what would happen. */
  readonly dryRun: boolean
}

/**
 * Imports the sheets of a file as one change: all of it, or nothing and every mistake by its cell.
 * @throws what `RegistryDesk.change` throws.
 */
export async function importSheets(
  sheets: readonly Sheet[],
  desk: RegistryDesk,
  { actor, may, reason, dryRun }: Importer,
): Promise<ImportReport> {
  const read = await rowsToChanges(sheets, desk)
  const problems = [...read.problems, ...placed(read, desk.check(read.changes, may))]
  if (read.summaries.every(({ kind }) => kind === null)) problems.push(nothingToRead)
  if (problems.length > 0 || dryRun || read.changes.length === 0)
    return report(read, desk, {
      outcome: problems.length > 0 ? 'refused' : dryRun ? 'ready' : 'done',
      problems,
    })
  const outcome = await desk.change(read.changes, { actor, reason, may })
  return outcome.outcome === 'done'
    ? report(read, desk, { outcome: 'done', problems: [] })
    : report(read, desk, { outcome: 'refused', problems: placed(read, refusalsOf(outcome)) })
}

/** Somebody was faster: what the file was held against is not what the registry holds any more. */
function refusalsOf(outcome: Exclude<ChangeOutcome, { outcome: 'done' }>): readonly ChangeProblem[] {
  if (outcome.outcome === 'refused') return outcome.problems
  return outcome.conflicts.map(({ line, current }) => ({
    ...{ line, path: 'id', code: 'conflict' },
    zh: `${current === null ? '已被停用' : `刚由 ${current.changedBy} 修改`}；请重新检查后再导入`,
    en: `${current === null ? 'it has been retired' : `${current.changedBy} has just changed it`}; check the file again, then import`,
  }))
}

function placed(read: SheetChanges, problems: readonly ChangeProblem[]): SheetProblem[] {
  return problems.flatMap((problem) => read.place(problem) ?? [])
}

function report(
  read: SheetChanges,
  desk: RegistryDesk,
  { outcome, problems }: Pick<ImportReport, 'outcome' | 'problems'>,
): ImportReport {
  return {
    ...{ outcome, sheets: read.summaries, changes: read.changes.length },
    problems: inOrder(problems, read.summaries).slice(0, bounds.problems),
    problemCount: problems.length,
    version: desk.version,
  }
}

function inOrder(problems: readonly SheetProblem[], summaries: readonly SheetSummary[]): SheetProblem[] {
  const rank = new Map(summaries.map(({ sheet }, i) => [sheet, i]))
  const column = ({ column: letters }: SheetProblem) => (letters ?? '').padStart(3)
  return [...problems].sort(
    (a, b) =>
      (rank.get(a.sheet) ?? 0) - (rank.get(b.sheet) ?? 0) ||
      (a.row ?? 0) - (b.row ?? 0) ||
      (column(a) < column(b) ? -1 : 1),
  )
}

const nothingToRead: SheetProblem = {
  ...{ sheet: '', row: null, column: null, heading: null, found: '', code: 'nothing-to-read' },
  text: {
    zh: '没有可导入的工作表；请使用模板中的工作表名和列名',
    en: 'found no sheet to import; use the names of sheets and columns of the template',
  },
}
