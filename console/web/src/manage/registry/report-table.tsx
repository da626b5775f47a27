import type { ImportReport, KindFields, SheetProblem } from '@farwatch/model'
import { useWords } from '../../i18n/index.ts'
import { useRegistryWords } from './words.ts'

/** What a file says, sheet by sheet, and every mistake under its sheet. */
export function ReportTable({ report, kinds }: { report: ImportReport; kinds: readonly KindFields[] }) {
  const t = useRegistryWords()
  const { problems, problemCount } = report
  const bySheet = Map.groupBy(problems, ({ sheet }) => sheet)
  return (
    <>
      <Sheets report={report} kinds={kinds} bySheet={bySheet} />
      {[...bySheet].map(([sheet, own]) => (
        <Problems key={sheet} sheet={sheet} problems={own} />
      ))}
      {problemCount > problems.length && (
        <p className="dim">{t('sheets.more', { count: problems.length })}</p>
      )}
    </>
  )
}

interface SheetsProps {
  readonly report: ImportReport
  readonly kinds: readonly KindFields[]
  readonly bySheet: ReadonlyMap<string, readonly SheetProblem[]>
}

function Sheets({ report: { sheets }, kinds, bySheet }: SheetsProps) {
  const t = useRegistryWords()
  const { say } = useWords()
  return (
    <div className="registry-scroll">
      <table className="registry-sheets" data-testid="sheets">
        <thead>
          <tr>
            <th scope="col">{t('sheets.sheet')}</th>
            <th scope="col">{t('sheets.rows')}</th>
            <th scope="col">{t('sheets.added')}</th>
            <th scope="col">{t('sheets.changedRows')}</th>
            <th scope="col">{t('sheets.unchanged')}</th>
            <th scope="col">{t('sheets.mistakes')}</th>
          </tr>
        </thead>
        <tbody>
          {sheets.map(({ sheet, kind, rows, added, changed, unchanged }) => {
            const fields = kinds.find((one) => one.kind === kind)
            const name = sheet === '' && fields !== undefined ? say(fields.label) : sheet
            return (
              <tr key={sheet}>
                <th scope="row">{name}</th>
                <td className="num">{rows}</td>
                {kind === null ? (
                  <td colSpan={4} className="dim">
                    {t('sheets.ignored')}
                  </td>
                ) : (
                  <>
                    <Count count={added} />
                    <Count count={changed} />
                    <Count count={unchanged} />
                    <Count count={bySheet.get(sheet)?.length ?? 0} wrong />
                  </>
                )}
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}

function Count({ count, wrong = false }: { count: number; wrong?: boolean }) {
  return (
    <td className="num" data-none={count === 0 || undefined} data-wrong={(wrong && count > 0) || undefined}>
      {count}
    </td>
  )
}

function Problems({ sheet, problems }: { sheet: string; problems: readonly SheetProblem[] }) {
  const t = useRegistryWords()
  const { say } = useWords()
  return (
    <div className="registry-scroll">
      <table className="registry-problems">
        <caption>{sheet}</caption>
        <thead>
          <tr>
            <th scope="col">{t('sheets.row')}</th>
            <th scope="col">{t('sheets.column')}</th>
            <th scope="col">{t('sheets.heading')}</th>
            <th scope="col">{t('sheets.found')}</th>
            <th scope="col">{t('sheets.problem')}</th>
          </tr>
        </thead>
        <tbody>
          {problems.map((one) => (
            <tr
              key={`${one.row}${one.column}${one.code}`}
              data-testid="problem"
              data-cell={`${one.column ?? ''}${one.row ?? ''}`}
            >
              <td className="num">{one.row ?? t('sheets.wholeSheet')}</td>
              <td className="num">{one.column}</td>
              <td>{one.heading}</td>
              <td className="registry-found">{one.found}</td>
              <td>{say(one.text)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
