import { useEffect, useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { ActRow } from './act-row.tsx'
import { type ActLine, fetchActs, noSearch, paramsOf, type Search } from './api.ts'
import './audit.css'
import { VerificationBar } from './verification-bar.tsx'

/** The log of acts: whether it is whole, and who did what. */
export default function AuditPage() {
  const { t } = useWords()
  const [search, setSearch] = useState<Search>(noSearch)
  return (
    <div className="audit" data-testid="audit">
      <VerificationBar />
      <Filters onSearch={setSearch} />
      <p className="audit-export">
        <a className="audit-button" href={`/api/acts.csv?${paramsOf(search)}`} download>
          {t('audit.export')}
        </a>
      </p>
      <Acts key={JSON.stringify(search)} search={search} />
    </div>
  )
}

const fields = [
  { name: 'from', type: 'date' },
  { name: 'to', type: 'date' },
  { name: 'account', type: 'text' },
  { name: 'action', type: 'text' },
  { name: 'object', type: 'text' },
] as const

const wordOf = { from: 'since', to: 'until', account: 'account', action: 'action', object: 'object' } as const

function Filters({ onSearch }: { onSearch: (search: Search) => void }) {
  const { t } = useWords()
  const [draft, setDraft] = useState<Search>(noSearch)
  return (
    <form
      className="audit-filters"
      onSubmit={(event) => {
        event.preventDefault()
        onSearch(draft)
      }}
    >
      {fields.map(({ name, type }) => (
        <label key={name}>
          <span>{t(`audit.${wordOf[name]}`)}</span>
          <input
            type={type}
            maxLength={365}
            value={draft[name]}
            onChange={({ target }) => setDraft({ ...draft, [name]: target.value })}
          />
        </label>
      ))}
      <button type="submit" className="audit-button">
        {t('audit.search')}
      </button>
    </form>
  )
}

function Acts({ search }: { search: Search }) {
  const { t } = useWords()
  const [acts, setActs] = useState<readonly ActLine[]>([])
  /** Where the next page begins; undefined before the first. */
  const [next, setNext] = useState<number | null>()
  const [after, setAfter] = useState<number>()
  const [problem, setProblem] = useState('')
  useEffect(() => {
    const stop = new AbortController()
    fetchActs(search, after, stop.signal).then(
      (page) => {
        setActs((before) => (after === undefined ? page.acts : [...before, ...page.acts]))
        setNext(page.next)
        setProblem('')
      },
      (error: Error) => {
        if (!stop.signal.aborted) setProblem(error.message)
      },
    )
    return () => stop.abort()
  }, [search, after])
  return (
    <>
      {problem !== '' && (
        <p className="audit-problem" role="alert">
          {problem}
        </p>
      )}
      {next === null && acts.length === 0 && <p className="dim">{t('audit.none')}</p>}
      <ol className="audit-acts">
        {acts.map((line) => (
          <ActRow key={line.seq} line={line} />
        ))}
      </ol>
      {typeof next === 'number' && (
        <button type="button" className="audit-button" onClick={() => setAfter(next)}>
          {t('audit.more')}
        </button>
      )}
    </>
  )
}
