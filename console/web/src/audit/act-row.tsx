import type { RecordedAct } from '@farwatch/model'
import { useEffect, useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { actionWord } from './actions.ts'
import { type ActLine, fetchAct } from './api.ts'
import { differencesOf } from './difference.ts'
import { formatMoment } from './moment.ts'

/** One act; opened, it shows what was before and after. */
export function ActRow({ line }: { line: ActLine }) {
  const { t, language } = useWords()
  const [open, setOpen] = useState(false)
  const { seq, atMs, action, account, name, object, outcome } = line
  const word = actionWord(action)
  return (
    <li className="audit-act" data-outcome={outcome} data-testid="act">
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className="num dim">{seq}</span>
        <time>{formatMoment(atMs, language)}</time>
        <b className="clip">{name || account}</b>
        {word === undefined ? (
          <code className="clip">{action}</code>
        ) : (
          <span className="clip" title={action}>
            {t(word)}
          </span>
        )}
        <span className="clip dim">{object === null ? '' : `${object.kind} ${object.id}`}</span>
      </button>
      {open && <ActDetails line={line} />}
    </li>
  )
}

function ActDetails({ line }: { line: ActLine }) {
  const { t } = useWords()
  const [act, setAct] = useState<RecordedAct>()
  const [problem, setProblem] = useState('')
  const { seq } = line
  useEffect(() => {
    const stop = new AbortController()
    fetchAct(seq, stop.signal).then(setAct, (error: Error) => {
      if (!stop.signal.aborted) setProblem(error.message)
    })
    return () => stop.abort()
  }, [seq])
  const { account, via, from, jurisdiction, outcome, reason } = line
  const facts = {
    account,
    via: t(`audit.viaName.${viaOf(via)}`),
    from,
    jurisdiction,
    outcome: t(`audit.outcomeName.${outcomeOf(outcome)}`),
    reason,
  }
  const differences = act === undefined ? [] : differencesOf(act.before, act.after)
  return (
    <div className="audit-details">
      <dl>
        {(Object.keys(facts) as (keyof typeof facts)[]).map((fact) =>
          facts[fact] === null ? null : (
            <div key={fact}>
              <dt>{t(`audit.${fact}`)}</dt>
              <dd>{facts[fact]}</dd>
            </div>
          ),
        )}
      </dl>
      {problem !== '' && <p className="audit-problem">{problem}</p>}
      {differences.length > 0 && (
        <table data-testid="difference">
          <thead>
            <tr>
              <th scope="col">{t('audit.field')}</th>
              <th scope="col">{t('audit.before')}</th>
              <th scope="col">{t('audit.after')}</th>
            </tr>
          </thead>
          <tbody>
            {differences.map(({ path, before, after }) => (
              <tr key={path}>
                <th scope="row">{path}</th>
                <td>{before === undefined ? '' : <del>{before}</del>}</td>
                <td>{after === undefined ? '' : <ins>{after}</ins>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  )
}

const vias = ['session', 'token', 'admin-token', 'open', 'proxy', 'command', 'system'] as const

function viaOf(via: string): (typeof vias)[number] {
  return vias.find((one) => one === via) ?? 'system'
}

const outcomes = ['done', 'refused', 'failed'] as const

function outcomeOf(outcome: string): (typeof outcomes)[number] {
  return outcomes.find((one) => one === outcome) ?? 'failed'
}
