import type { AccountView, Grant } from '@farwatch/model'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { ask, type Failure } from '../session/ask.ts'
import { FailureText } from '../session/failure-text.tsx'
import { Field } from '../session/field.tsx'
import { firstGrant, GrantsEditor } from './grants-editor.tsx'
import { HandedOut } from './handed-out.tsx'

/** Makes an account; its one-time password is shown before the dialog closes. */
export function NewAccount({ onClose, onMade }: { onClose: () => void; onMade: () => void }) {
  const { t } = useWords()
  const dialog = useRef<HTMLDialogElement>(null)
  const [id, setId] = useState('')
  const [name, setName] = useState('')
  const [grants, setGrants] = useState<readonly Grant[]>([firstGrant])
  const [failure, setFailure] = useState<Failure>()
  const [password, setPassword] = useState<string>()
  useEffect(() => dialog.current?.showModal(), [])

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const body = { id: id.trim(), name: name.trim(), grants }
    const answer = await ask<{ account: AccountView; oneTimePassword: string }>('POST', '/api/accounts', body)
    setFailure(answer.ok ? undefined : answer.failure)
    if (!answer.ok) return
    setPassword(answer.value.oneTimePassword)
    onMade()
  }

  return (
    <dialog ref={dialog} className="dialog account-dialog" onClose={onClose} data-testid="new-account">
      <h2>{t('accounts.new')}</h2>
      {password === undefined ? (
        <form className="form" onSubmit={(event) => void submit(event)}>
          <Field
            label={t('accounts.id')}
            hint={t('accounts.idHint')}
            value={id}
            onText={setId}
            maxLength={64}
            autoCapitalize="none"
            autoComplete="off"
            required
            data-testid="new-id"
          />
          <Field
            label={t('accounts.name')}
            value={name}
            onText={setName}
            maxLength={100}
            autoComplete="off"
            required
            data-testid="new-name"
          />
          <GrantsEditor grants={grants} onChange={setGrants} />
          <FailureText failure={failure} />
          <div className="dialog-buttons">
            <button type="button" className="button" onClick={() => dialog.current?.close()}>
              {t('operator.cancel')}
            </button>
            <button type="submit" className="button primary" data-testid="new-submit">
              {t('accounts.create')}
            </button>
          </div>
        </form>
      ) : (
        <>
          <HandedOut id={id} password={password} />
          <div className="dialog-buttons">
            <button
              type="button"
              className="button primary"
              data-testid="new-close"
              onClick={() => dialog.current?.close()}
            >
              {t('accounts.close')}
            </button>
          </div>
        </>
      )}
    </dialog>
  )
}
