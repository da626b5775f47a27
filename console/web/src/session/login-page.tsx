import type { SessionInfo } from '@farwatch/model'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { ask, type Failure } from './ask.ts'
import { Entrance } from './entrance.tsx'
import { FailureText } from './failure-text.tsx'
import { Field } from './field.tsx'
import { session } from './session.ts'

const ssoFailed = '#/login/sso-failed'

/** Account and password, then the second factor where the account has one. */
export function LoginPage({ singleSignOn }: { singleSignOn: string | null }) {
  const { t } = useWords()
  const [account, setAccount] = useState('')
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [step, setStep] = useState<'password' | 'code'>('password')
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure | undefined>(() =>
    location.hash === ssoFailed ? { code: 'single-sign-on-failed', title: '', retryAfterS: 0 } : undefined,
  )
  const codeInput = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (location.hash === ssoFailed) history.replaceState(null, '', '#/alerts')
  }, [])
  useEffect(() => {
    if (step === 'code') codeInput.current?.querySelector('input')?.focus()
  }, [step])

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setFailure(undefined)
    const body = { account: account.trim(), password, ...(step === 'code' ? { code: code.trim() } : {}) }
    const answer = await ask<SessionInfo>('POST', '/api/session', body)
    setBusy(false)
    if (answer.ok) return session.take(answer.value)
    setCode('')
    if (answer.failure.code === 'second-factor-required') return setStep('code')
    setFailure(answer.failure)
  }
  const back = () => {
    setStep('password')
    setPassword('')
    setFailure(undefined)
  }

  return (
    <Entrance testId="login">
      <form className="form" onSubmit={(event) => void submit(event)}>
        {step === 'password' ? (
          <>
            <Field
              label={t('login.account')}
              value={account}
              onText={setAccount}
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              maxLength={64}
              required
              data-testid="login-account"
            />
            <Field
              label={t('login.password')}
              type="password"
              value={password}
              onText={setPassword}
              autoComplete="current-password"
              maxLength={1000}
              required
              data-testid="login-password"
            />
          </>
        ) : (
          <div ref={codeInput}>
            <Field
              label={t('login.code')}
              hint={t('login.codeHint')}
              value={code}
              onText={setCode}
              autoComplete="one-time-code"
              maxLength={40}
              required
              data-testid="login-code"
            />
          </div>
        )}
        <FailureText failure={failure} />
        <button type="submit" className="button primary wide" disabled={busy} data-testid="login-submit">
          {busy && <span className="spinner" aria-hidden="true" />}
          {t(step === 'password' ? 'login.submit' : 'login.confirm')}
        </button>
        {step === 'code' && (
          <button type="button" className="quiet wide" onClick={back}>
            {t('login.back')}
          </button>
        )}
      </form>
      {singleSignOn !== null && step === 'password' && (
        <a className="button wide" href="/api/session/sso" data-testid="login-sso">
          {t('login.singleSignOn', { name: singleSignOn })}
        </a>
      )}
      <p className="dim entrance-note">{t('login.note')}</p>
    </Entrance>
  )
}
