import type { AccountView, SessionView, TokenView } from '@farwatch/model'
import { type ReactNode, useCallback, useEffect, useState } from 'react'
import { Icon } from '../design/icons.tsx'
import { useWords } from '../i18n/index.ts'
import { Appearance } from '../shell/appearance.tsx'
import { ask, type Failure } from './ask.ts'
import { FailureText } from './failure-text.tsx'
import { useGrantText } from './grant-text.ts'
import { PasswordForm } from './password-form.tsx'
import { SecondFactor } from './second-factor.tsx'
import { session } from './session.ts'
import { type OpenSession, SessionList } from './session-list.tsx'
import { Tokens } from './tokens.tsx'

interface OwnAccount extends AccountView {
  readonly openSessions: readonly (SessionView & OpenSession)[]
  readonly tokens: readonly TokenView[]
}

/** The own account: password, second factor, sessions, tokens. */
export function AccountPage() {
  const { t } = useWords()
  const grantText = useGrantText()
  const [account, setAccount] = useState<OwnAccount>()
  const [failure, setFailure] = useState<Failure>()
  const [changed, setChanged] = useState(false)
  const load = useCallback(async () => {
    const answer = await ask<OwnAccount>('GET', '/api/account')
    if (answer.ok) setAccount(answer.value)
    setFailure(answer.ok ? undefined : answer.failure)
  }, [])
  useEffect(() => void load(), [load])

  const end = async (id: string) => {
    const answer = await ask('DELETE', `/api/account/sessions/${id}`)
    if (!answer.ok) return setFailure(answer.failure)
    await session.refresh()
    await load()
  }

  return (
    <div className="account-page" data-testid="account-page">
      <header className="page-bar">
        <a href="#/alerts" className="quiet" data-testid="account-back">
          <Icon name="back" />
          {t('account.back')}
        </a>
        <h1>{t('person.account')}</h1>
        <span className="page-bar-end">
          <Appearance />
        </span>
      </header>
      <main className="sections">
        <FailureText failure={failure} />
        {account !== undefined && (
          <>
            <Section title={account.name}>
              <p className="dim">{account.id}</p>
              <ul className="grant-list">
                {account.grants.map((grant) => (
                  <li key={grantText(grant)}>{grantText(grant)}</li>
                ))}
              </ul>
            </Section>
            {account.singleSignOn ? (
              <Section title={t('account.password')}>
                <p className="dim">{t('account.bySingleSignOn')}</p>
              </Section>
            ) : (
              <>
                <Section title={t('account.password')}>
                  <PasswordForm
                    currentLabel={t('account.current')}
                    onDone={(info) => {
                      session.take(info)
                      setChanged(true)
                      void load()
                    }}
                  />
                  {changed && (
                    <p className="form-done" role="status">
                      {t('account.passwordChanged')}
                    </p>
                  )}
                </Section>
                <Section title={t('account.secondFactor')}>
                  <SecondFactor isOn={account.secondFactor} onChanged={() => void load()} />
                </Section>
              </>
            )}
            <Section title={t('account.sessions')}>
              <SessionList sessions={account.openSessions} onEnd={(id) => void end(id)} />
            </Section>
            <Section title={t('account.tokens')}>
              <Tokens tokens={account.tokens} grants={account.grants} onChanged={() => void load()} />
            </Section>
          </>
        )}
      </main>
    </div>
  )
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="section">
      <h2>{title}</h2>
      {children}
    </section>
  )
}
