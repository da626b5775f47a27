import type { Entity, KindFields, PastValue } from '@farwatch/model'
import { useCallback } from 'react'
import { stamp } from '../../design/time.ts'
import { useWords } from '../../i18n/index.ts'
import { fetchHistory } from './api.ts'
import { differences } from './draft.ts'
import { RefusalNote } from './refusal-note.tsx'
import { useAnswer } from './use-answer.ts'
import { useRegistryWords } from './words.ts'

/** Every change of one thing, the newest first: who, when, why, and what stood there before. */
export function ChangeHistory({ fields, entity: { kind, id } }: { fields: KindFields; entity: Entity }) {
  const t = useRegistryWords()
  const { answer, again } = useAnswer(useCallback(() => fetchHistory(kind, id), [kind, id]))
  if (answer?.outcome === 'refused') return <RefusalNote refusal={answer} onRetry={again} />
  const past = answer?.value ?? []
  return (
    <section className="registry-history" data-testid="history">
      <h3>{t('history.open')}</h3>
      <ol>
        {past
          .map((value, i) => <Change key={value.version} fields={fields} past={value} before={past[i - 1]} />)
          .reverse()}
      </ol>
    </section>
  )
}

interface ChangeProps {
  readonly fields: KindFields
  readonly past: PastValue
  readonly before: PastValue | undefined
}

function Change({ fields, past, before }: ChangeProps) {
  const t = useRegistryWords()
  const { language, say } = useWords()
  const changed =
    before === undefined || past.value === null
      ? []
      : differences(fields, [before.value, past.value], language)
  const by = past.actor.name === '' ? past.actor.account : past.actor.name
  return (
    <li>
      <p className="num">
        {past.value === null
          ? t('history.retired')
          : before === undefined
            ? t('history.first')
            : `v${past.version}`}{' '}
        <span className="dim">{t('history.by', { time: stamp(past.atMs, Date.now()), by })}</span>
      </p>
      {past.reason !== null && <p className="registry-reason">{past.reason}</p>}
      {changed.length > 0 && (
        <table>
          <thead className="sr-only">
            <tr>
              <th scope="col">{t('history.field')}</th>
              <th scope="col">{t('history.before')}</th>
              <th scope="col">{t('history.after')}</th>
            </tr>
          </thead>
          <tbody>
            {changed.map(({ field, before: was, after }) => (
              <tr key={field.path}>
                <th scope="row">{say(field.label)}</th>
                <td>
                  <del>{was || t('history.empty')}</del>
                </td>
                <td>
                  <ins>{after || t('history.empty')}</ins>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </li>
  )
}
