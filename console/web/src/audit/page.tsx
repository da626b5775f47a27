import { useEffect, useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { ActRow } from './act-row.tsx'
import { actionWord, namedActions } from './actions.ts'
import { type ActLine, fetchActs, noSearch, paramsOf, type Search } from './api.ts'
import './audit.css'
import { VerificationBar } from './verification-bar.tsx'

/** The log of acts: whether it is whole, and who did what. */
export default function AuditPage() {
  const [search, setSearch] = useState<Search>(noSearch)
  return (
    <div className="audit" data-testid="audit">
      <VerificationBar />
      <Filters shown={search} onSearch={setSearch} />
      <Acts key={JSON.stringify(search)} search={search} />
    </div>
  )
}

const fields = [
  { name: 'from', type: 'date' },
  { name: 'to', type: 'date' },
  { name: 'account', type: 'text' },
  { name: 'action', type: 'choice' },
  { name: 'object', type: 'text' },
] as const

const wordOf = { from: 'since', to: 'until', account: 'account', action: 'action', object: 'object' } as const

function Filters({ shown, onSearch }: { shown: Search; onSearch: (search: Search) => void }) {
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
        <label key={name} htmlFor={`audit-${name}`}>
          <span>{t(`audit.${wordOf[name]}`)}</span>
          {type === 'choice' ? (
            <ActionChoice
              id={`audit-${name}`}
              value={draft[name]}
              onChange={(action) => setDraft({ ...draft, action })}
            />
          ) : (
            <input
              id={`audit-${name}`}
              type={type}
              maxLength={365}
              value={draft[name]}
              onChange={({ target }) => setDraft({ ...draft, [name]: target.value })}
            />
          )}
        </label>
      ))}
      <div className="audit-do">
        <button type="submit" className="button primary">
          {t('audit.search')}
        </button>
        <a className="button" href={`/api/acts.csv?${paramsOf(shown)}`} download>
          {t('audit.export')}
        </a>
      </div>
    </form>
  )
}

interface ChoiceProps {
  readonly id: string
  readonly value: string
  readonly onChange: (action: string) => void
}

function ActionChoice({ id, value, onChange }: ChoiceProps) {
  const { t } = useWords()
  return (
    <select id={id} value={value} onChange={({ target }) => onChange(target.value)}>
      <option value="">{t('audit.allActions')}</option>
      {namedActions.map((action) => {
        const word = actionWord(action)
        return (
          <option key={action} value={action}>
            {word === undefined ? action : t(word)}
          </option>
        )
      })}
    </select>
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
        <button type="button" className="button" onClick={() => setAfter(next)}>
          {t('audit.more')}
        </button>
      )}
    </>
  )
}
