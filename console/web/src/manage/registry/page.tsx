import type { Entity, EntityKind, KindFields } from '@farwatch/model'
import { useCallback, useState } from 'react'
import { useWords } from '../../i18n/index.ts'
import { manageAddress } from '../address.ts'
import { fetchAll, fetchFields } from './api.ts'
import { Editor } from './editor.tsx'
import { EntityList } from './entity-list.tsx'
import { ImportPage } from './import-page.tsx'
import { RefusalNote } from './refusal-note.tsx'
import './editor.css'
import './import.css'
import './registry.css'
import { useAnswer } from './use-answer.ts'
import { useRegistryWords } from './words.ts'

/** `registry`, `registry/KIND`, `registry/KIND/ID`, `registry/KIND/+` for a new one, `registry/import`. */
export default function RegistryPage({ rest }: { rest: readonly string[] }) {
  const t = useRegistryWords()
  const { answer, again } = useAnswer(fetchFields)
  if (answer === undefined) return <p className="registry-empty dim">{t('loading')}</p>
  if (answer.outcome === 'refused') return <RefusalNote refusal={answer} onRetry={again} />
  const [first = 'enterprise', id, about] = rest
  if (first === 'import') return <ImportPage kinds={answer.value} />
  const fields = answer.value.find(({ kind }) => kind === first) ?? answer.value[0]!
  return <Registry kinds={answer.value} fields={fields} id={id} about={about} />
}

interface RegistryProps {
  readonly kinds: readonly KindFields[]
  readonly fields: KindFields
  readonly id: string | undefined
  /** Of a new limit: the point that it is for. */
  readonly about: string | undefined
}

function Registry({ kinds, fields, id, about }: RegistryProps) {
  const t = useRegistryWords()
  const { say } = useWords()
  const { kind } = fields
  const [jurisdiction, setJurisdiction] = useState('')
  const { answer, again } = useAnswer(
    useCallback(async () => ({ ...(await fetchAll(kind, jurisdiction)), kind }), [kind, jurisdiction]),
  )
  const loaded = answer !== undefined && (answer as { kind?: EntityKind }).kind === kind ? answer : undefined
  const entities: readonly Entity[] | undefined = loaded?.outcome === 'done' ? loaded.value : undefined
  return (
    <div className="registry" data-open={id !== undefined || undefined}>
      <nav className="registry-kinds" aria-label={t('kinds')}>
        {kinds.map((one) => (
          <a
            key={one.kind}
            href={manageAddress('registry', one.kind)}
            aria-current={one.kind === kind ? 'page' : undefined}
            data-testid={`kind-${one.kind}`}
          >
            {say(one.label)}
          </a>
        ))}
      </nav>
      {loaded?.outcome === 'refused' ? (
        <RefusalNote refusal={loaded} onRetry={again} />
      ) : (
        <EntityList
          key={kind}
          {...{ fields, entities, selected: id, jurisdiction }}
          onJurisdiction={setJurisdiction}
        />
      )}
      {id !== undefined && entities !== undefined && (
        <Editor
          key={`${kind}/${id}/${about}`}
          {...{ fields, kinds, entities, id, about }}
          onChanged={again}
        />
      )}
    </div>
  )
}
