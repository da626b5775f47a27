import type { SessionInfo } from '@farwatch/model'
import { type FormEvent, useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { ask, type Failure } from './ask.ts'
import { FailureText } from './failure-text.tsx'
import { Field } from './field.tsx'

/** A new password for the own account. */
export function PasswordForm({
  currentLabel,
  onDone,
}: {
  currentLabel: string
  onDone: (info: SessionInfo) => void
}) {
  const { t } = useWords()
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const [again, setAgain] = useState('')
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure>()
  const differs = again !== '' && again !== next

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (next !== again) return
    setBusy(true)
    setFailure(undefined)
    const answer = await ask<SessionInfo>('PUT', '/api/account/password', { current, next })
    setBusy(false)
    if (!answer.ok) return setFailure(answer.failure)
    setCurrent('')
    setNext('')
    setAgain('')
    onDone(answer.value)
  }

  return (
    <form className="form" onSubmit={(event) => void submit(event)}>
      <Field
        label={currentLabel}
        type="password"
        value={current}
        onText={setCurrent}
        autoComplete="current-password"
        required
        data-testid="password-current"
      />
      <Field
        label={t('account.next')}
        hint={t('account.nextHint')}
        type="password"
        value={next}
        onText={setNext}
        autoComplete="new-password"
        required
        data-testid="password-next"
      />
      <Field
        label={t('account.again')}
        {...(differs ? { hint: t('account.differs') } : {})}
        type="password"
        value={again}
        onText={setAgain}
        autoComplete="new-password"
        required
        data-testid="password-again"
      />
      <FailureText failure={failure} />
      <button
        type="submit"
        className="button primary"
        disabled={busy || differs}
        data-testid="password-submit"
      >
        {t('account.changePassword')}
      </button>
    </form>
  )
}
