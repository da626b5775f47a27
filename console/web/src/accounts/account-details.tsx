import type { AccountView, Grant } from '@farwatch/model'
import { type FormEvent, useCallback, useEffect, useState } from 'react'
import { Icon } from '../design/icons.tsx'
import { useWords } from '../i18n/index.ts'
import { type Answer, ask, type Failure } from '../session/ask.ts'
import { FailureText } from '../session/failure-text.tsx'
import { Field } from '../session/field.tsx'
import { type OpenSession, SessionList } from '../session/session-list.tsx'
import { GrantsEditor } from './grants-editor.tsx'
import { HandedOut } from './handed-out.tsx'

interface Account extends AccountView {
  readonly openSessions: readonly OpenSession[]
}

interface Props {
  readonly id: string
  readonly mayChange: boolean
  readonly onChanged: () => void
}

/** One account: name, rights, lock, password, sessions. */
export function AccountDetails({ id, mayChange, onChanged }: Props) {
  const { t } = useWords()
  const path = `/api/accounts/${encodeURIComponent(id)}`
  const [account, setAccount] = useState<Account>()
  const [name, setName] = useState('')
  const [grants, setGrants] = useState<readonly Grant[]>([])
  const [removeFactor, setRemoveFactor] = useState(false)
  const [password, setPassword] = useState<string>()
  const [failure, setFailure] = useState<Failure>()
  const load = useCallback(async () => {
    const answer = await ask<Account>('GET', path)
    setFailure(answer.ok ? undefined : answer.failure)
    if (!answer.ok) return
    setAccount(answer.value)
    setName(answer.value.name)
    setGrants(answer.value.grants)
  }, [path])
  useEffect(() => void load(), [load])

  const act = async <T,>(request: Promise<Answer<T>>): Promise<T | undefined> => {
    const answer = await request
    if (!answer.ok) {
      setFailure(answer.failure)
      return undefined
    }
    await load()
    onChanged()
    return answer.value
  }
  const change = (part: { name?: string; grants?: readonly Grant[]; locked?: boolean }) =>
    act(ask('PATCH', path, { expect: account?.version ?? 0, ...part }))
  const save = (event: FormEvent) => {
    event.preventDefault()
    void change({ name, grants })
  }
  const reset = async () => {
    const body = { secondFactor: removeFactor }
    const handed = await act(ask<{ oneTimePassword: string }>('POST', `${path}/reset`, body))
    setPassword(handed?.oneTimePassword)
  }

  return (
    <aside className="account-details" data-testid="account-details">
      <a href="#/manage/accounts" className="quiet account-close" aria-label={t('accounts.close')}>
        <Icon name="close" />
      </a>
      <h2 className="clip">{account?.name ?? id}</h2>
      <FailureText failure={failure} />
      {account !== undefined && (
        <>
          <form className="form" onSubmit={save}>
            <Field
              label={t('accounts.name')}
              value={name}
              onText={setName}
              maxLength={100}
              required
              disabled={!mayChange}
            />
            <GrantsEditor grants={grants} onChange={setGrants} />
            <p className="dim">{t('accounts.endsSessions')}</p>
            {mayChange && (
              <button type="submit" className="button primary" data-testid="account-save">
                {t('accounts.save')}
              </button>
            )}
          </form>
          {mayChange && (
            <div className="form account-acts">
              <button
                type="button"
                className="button"
                data-testid="account-lock"
                onClick={() => void change({ locked: !account.locked })}
              >
                {t(account.locked ? 'accounts.unlock' : 'accounts.lock')}
              </button>
              {!account.singleSignOn && (
                <>
                  {account.secondFactor && (
                    <label className="check">
                      <input
                        type="checkbox"
                        checked={removeFactor}
                        onChange={() => setRemoveFactor(!removeFactor)}
                      />
                      {t('accounts.removeFactor')}
                    </label>
                  )}
                  <button
                    type="button"
                    className="button"
                    data-testid="account-reset"
                    onClick={() => void reset()}
                  >
                    {t('accounts.reset')}
                  </button>
                </>
              )}
            </div>
          )}
          {password !== undefined && <HandedOut id={id} password={password} />}
          <h3>{t('account.sessions')}</h3>
          <SessionList
            sessions={account.openSessions}
            onEnd={(session) => void act(ask('DELETE', `${path}/sessions/${session}`))}
          />
        </>
      )}
    </aside>
  )
}
