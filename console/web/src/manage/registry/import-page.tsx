import type { ImportReport, KindFields } from '@farwatch/model'
import { type DragEvent, useEffect, useRef, useState } from 'react'
import { Icon } from '../../design/icons.tsx'
import { useWords } from '../../i18n/index.ts'
import { manageAddress } from '../address.ts'
import { type Answer, downloadReport, importFile, type Refusal } from './api.ts'
import { RefusalNote } from './refusal-note.tsx'
import { ReportTable } from './report-table.tsx'
import { useRegistryWords } from './words.ts'

interface Checked {
  readonly file: File
  readonly answer: Answer<ImportReport>
}

/** A file is checked first; only what has no mistakes can be imported. */
export function ImportPage({ kinds }: { kinds: readonly KindFields[] }) {
  const t = useRegistryWords()
  const { language } = useWords()
  const [busy, setBusy] = useState<string>()
  const [checked, setChecked] = useState<Checked>()

  async function send(file: File, dryRun: boolean) {
    setBusy(t(dryRun ? 'sheets.checking' : 'sheets.importing', { name: file.name }))
    const answer = await importFile(file, dryRun)
    setBusy(undefined)
    setChecked({ file, answer })
  }

  return (
    <section className="registry-import" aria-label={t('sheets.title')}>
      <header>
        <a className="quiet" href={manageAddress('registry')}>
          <Icon name="back" />
          {t('sheets.back')}
        </a>
        <h2>{t('sheets.title')}</h2>
        <a
          className="button"
          href={`/api/registry/template.xlsx?language=${language}`}
          download
          data-testid="template"
        >
          <Icon name="download" size={16} />
          {t('sheets.template')}
        </a>
      </header>
      <p className="dim">{t('sheets.how')}</p>
      <DropPlace busy={busy} small={checked !== undefined} onFile={(file) => void send(file, true)} />
      {checked !== undefined && busy === undefined && (
        <Result
          key={checked.file.name}
          {...checked}
          kinds={kinds}
          onImport={() => void send(checked.file, false)}
        />
      )}
    </section>
  )
}

interface DropProps {
  readonly busy: string | undefined
  readonly small: boolean
  readonly onFile: (file: File) => void
}

function DropPlace({ busy, small, onFile }: DropProps) {
  const t = useRegistryWords()
  const input = useRef<HTMLInputElement>(null)
  const [over, setOver] = useState(false)
  const drag = (inside: boolean) => (event: DragEvent) => {
    event.preventDefault()
    setOver(inside)
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a shortcut for the button inside
    <div
      className="registry-drop"
      data-over={over || undefined}
      data-small={small || undefined}
      onDragOver={drag(true)}
      onDragLeave={drag(false)}
      onDrop={(event) => {
        drag(false)(event)
        const file = event.dataTransfer.files[0]
        if (file !== undefined && busy === undefined) onFile(file)
      }}
    >
      {busy !== undefined ? (
        <p role="status">
          <span className="spinner" /> {busy}
        </p>
      ) : (
        <>
          <Icon name="upload" size={small ? 20 : 32} />
          <p>{t('sheets.drop')}</p>
          <button type="button" className="button primary" onClick={() => input.current?.click()}>
            {small ? t('sheets.another') : t('sheets.choose')}
          </button>
          <small className="dim">{t('sheets.bounds')}</small>
        </>
      )}
      <input
        ref={input}
        type="file"
        className="sr-only"
        tabIndex={-1}
        aria-label={t('sheets.choose')}
        accept=".xlsx,.csv,.txt"
        data-testid="file"
        onChange={(event) => {
          const file = event.target.files?.[0]
          // The same name may come again, mended.
          event.target.value = ''
          if (file !== undefined) onFile(file)
        }}
      />
    </div>
  )
}

interface ResultProps extends Checked {
  readonly kinds: readonly KindFields[]
  readonly onImport: () => void
}

function Result({ file, answer, kinds, onImport }: ResultProps) {
  const t = useRegistryWords()
  const { language } = useWords()
  const heading = useRef<HTMLHeadingElement>(null)
  const [failed, setFailed] = useState<Refusal>()
  useEffect(() => heading.current?.focus(), [])
  if (answer.outcome === 'refused') return <RefusalNote refusal={answer} />
  const report = answer.value
  const { outcome, changes, problemCount } = report
  const text =
    outcome === 'refused'
      ? t('sheets.problems', { count: problemCount })
      : outcome === 'done'
        ? t('sheets.done', { count: changes })
        : t(changes === 0 ? 'sheets.nothing' : 'sheets.ready')
  const download = async (form: 'csv' | 'xlsx') => {
    const done = await downloadReport(file, form, language)
    setFailed(done.outcome === 'refused' ? done : undefined)
  }
  return (
    <section
      className="registry-result"
      data-outcome={outcome}
      aria-label={t('sheets.region')}
      data-testid="result"
    >
      <header>
        <Icon name={outcome === 'refused' ? 'warn' : 'check'} size={22} />
        <h3 ref={heading} tabIndex={-1}>
          {text}
        </h3>
        <span className="dim clip">{file.name}</span>
        {outcome === 'ready' && changes > 0 && (
          <button type="button" className="button primary" onClick={onImport} data-testid="import">
            {t('sheets.go', { count: changes })}
          </button>
        )}
        {outcome === 'done' && (
          <a className="button" href={manageAddress('registry')}>
            {t('sheets.back')}
          </a>
        )}
        {outcome === 'refused' && (
          <>
            <button
              type="button"
              className="button"
              onClick={() => void download('xlsx')}
              data-testid="marked"
            >
              {t('sheets.marked')}
            </button>
            <button
              type="button"
              className="button"
              onClick={() => void download('csv')}
              data-testid="report"
            >
              {t('sheets.report')}
            </button>
          </>
        )}
      </header>
      {outcome === 'refused' && <p className="dim">{t('sheets.problemsHint')}</p>}
      {failed !== undefined && <RefusalNote refusal={failed} />}
      <ReportTable report={report} kinds={kinds} />
    </section>
  )
}
