import type { ChangeProblem, Entity, KindFields } from '@farwatch/model'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { Icon } from '../../design/icons.tsx'
import { stamp } from '../../design/time.ts'
import { useWords } from '../../i18n/index.ts'
import { useMay } from '../../session/session.ts'
import { manageAddress } from '../address.ts'
import { type Answer, type Refusal, save, saveNew } from './api.ts'
import { ConflictDialog } from './conflict-dialog.tsx'
import { type Draft, draftOf, fieldOfProblem, idOf, valueIn } from './draft.ts'
import { FieldInput } from './field-input.tsx'
import { ChangeHistory } from './history.tsx'
import { PointLimits } from './point-limits.tsx'
import { RefusalNote } from './refusal-note.tsx'
import { RetireDialog } from './retire-dialog.tsx'
import { titleOf } from './title.ts'
import { useRegistryWords } from './words.ts'

interface EditorProps {
  readonly fields: KindFields
  readonly kinds: readonly KindFields[]
  readonly entities: readonly Entity[]
  /** `+`: a new one. */
  readonly id: string
  readonly about: string | undefined
  readonly onChanged: () => void
}

export function Editor({ fields, kinds, entities, id, about, onChanged }: EditorProps) {
  const t = useRegistryWords()
  const { say, language } = useWords()
  const isNew = id === '+'
  const entity = entities.find((one) => one.id === id)
  const panel = useRef<HTMLElement>(null)
  useEffect(() => panel.current?.focus({ preventScroll: true }), [])
  return (
    <aside className="registry-editor" ref={panel} tabIndex={-1} data-testid="editor">
      <header>
        <div>
          <h2 className="clip">
            {isNew
              ? t('editor.new', { kind: say(fields.label) })
              : entity === undefined
                ? id
                : titleOf(entity, fields, language)}
          </h2>
          {entity !== undefined && (
            <p className="dim num">
              {entity.id} ·{' '}
              {t('changed', { time: stamp(entity.changedMs, Date.now()), by: entity.changedBy })}
            </p>
          )}
        </div>
        <a
          className="quiet"
          href={manageAddress('registry', fields.kind)}
          aria-label={t('editor.close')}
          data-testid="close"
        >
          <Icon name="close" />
        </a>
      </header>
      {!isNew && entity === undefined ? (
        <p className="registry-empty dim">{t('editor.missing')}</p>
      ) : (
        <>
          <EntityForm key={entity?.version ?? 0} {...{ fields, entity, about, onChanged }} />
          {entity?.kind === 'point' && <PointLimits point={entity as Entity<'point'>} kinds={kinds} />}
          {entity !== undefined && <ChangeHistory key={`h${entity.version}`} {...{ fields, entity }} />}
        </>
      )}
    </aside>
  )
}

interface FormProps {
  readonly fields: KindFields
  readonly entity: Entity | undefined
  readonly about: string | undefined
  readonly onChanged: () => void
}

function EntityForm({ fields, entity, about, onChanged }: FormProps) {
  const t = useRegistryWords()
  const { language } = useWords()
  const mayChange = useMay('registry.change')
  const [opened] = useState<Draft>(() => draftOf(fields, entity?.id ?? '', entity?.value))
  const [draft, setDraft] = useState<Draft>(() =>
    about === undefined ? opened : { ...opened, point: about },
  )
  const [reason, setReason] = useState('')
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<Refusal>()
  const [retiring, setRetiring] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const changed = JSON.stringify(draft) !== JSON.stringify(opened)
  const lines = refusal?.lines ?? []
  const conflict = refusal?.current ?? null

  const told = (problem: ChangeProblem) => problem[language]
  const problemsOf = (path: string) =>
    lines.filter((line) => fieldOfProblem(fields, line)?.path === path).map(told)
  const general = lines.filter((line) => fieldOfProblem(fields, line) === undefined).map(told)

  async function submit(over: { version?: number; before?: unknown } = {}) {
    setBusy(true)
    const id = idOf(fields, draft)
    const value = valueIn(fields, draft, { before: over.before ?? entity?.value, opened })
    const line = { kind: fields.kind, id, version: over.version ?? entity?.version ?? 0, value, reason }
    const answer: Answer<Entity> = await (id === '' && fields.idMade ? saveNew(line) : save(line))
    setBusy(false)
    if (answer.outcome === 'refused') {
      setRefusal(answer)
      return
    }
    setRefusal(undefined)
    onChanged()
    if (entity === undefined) location.hash = manageAddress('registry', fields.kind, answer.value.id)
  }

  useEffect(() => {
    if (refusal !== undefined) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [refusal])

  return (
    <form
      ref={form}
      className="registry-form"
      noValidate
      onSubmit={(event: FormEvent) => {
        event.preventDefault()
        if (changed && !busy) void submit()
      }}
    >
      <fieldset disabled={!mayChange || busy}>
        {[...fields.id, ...fields.fields].map((field) => (
          <FieldInput
            key={field.path}
            field={field}
            draft={draft[field.path] ?? ''}
            problems={problemsOf(field.path)}
            fixed={entity !== undefined && field.path.startsWith('id.')}
            onChange={(next) => setDraft((before) => ({ ...before, [field.path]: next }))}
          />
        ))}
        {mayChange && changed && (
          <label className="registry-field">
            <span>{t('editor.reason')}</span>
            <input value={reason} maxLength={2_000} onChange={(event) => setReason(event.target.value)} />
            <small className="dim">{t('editor.reasonHint')}</small>
          </label>
        )}
      </fieldset>
      {general.map((text) => (
        <p key={text} className="registry-problem" role="alert">
          {text}
        </p>
      ))}
      {lines.length > 0 && (
        <p className="registry-problem" role="status" data-testid="problem-count">
          {t('editor.fix', { count: lines.length })}
        </p>
      )}
      {refusal !== undefined && lines.length === 0 && conflict === null && <RefusalNote refusal={refusal} />}
      {mayChange && (
        <div className="registry-buttons">
          <button type="submit" className="button primary" disabled={!changed || busy} data-testid="save">
            {busy ? t('editor.saving') : t('editor.save')}
          </button>
          {changed && (
            <button type="button" className="button" disabled={busy} onClick={() => setDraft(opened)}>
              {t('editor.reset')}
            </button>
          )}
          {entity !== undefined && (
            <button
              type="button"
              className="quiet registry-retire"
              onClick={() => setRetiring(true)}
              data-testid="retire"
            >
              {t('retire.open')}
            </button>
          )}
        </div>
      )}
      {entity !== undefined && conflict !== null && (
        <ConflictDialog
          fields={fields}
          mine={valueIn(fields, draft, { before: entity.value, opened })}
          theirs={conflict}
          onTakeTheirs={onChanged}
          onKeepMine={() => {
            setRefusal(undefined)
            void submit({ version: conflict.version, before: conflict.value })
          }}
          onCancel={() => setRefusal(undefined)}
        />
      )}
      {entity !== undefined && retiring && (
        <RetireDialog entity={entity} onDone={() => setRetiring(false)} onRetired={onChanged} />
      )}
    </form>
  )
}
