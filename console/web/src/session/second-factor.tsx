import { type FormEvent, useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { type Answer, ask, type Failure } from './ask.ts'
import { FailureText } from './failure-text.tsx'
import { Field } from './field.tsx'
import { QrCode } from './qr-code.tsx'

type Step =
  | { readonly kind: 'rest' }
  | { readonly kind: 'scan'; readonly secret: string; readonly uri: string }
  | { readonly kind: 'codes'; readonly codes: readonly string[] }

/** Sets the second factor up (password, QR code, first code, recovery codes) or removes it. */
export function SecondFactor({ isOn, onChanged }: { isOn: boolean; onChanged: () => void }) {
  const { t } = useWords()
  const [step, setStep] = useState<Step>({ kind: 'rest' })
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [failure, setFailure] = useState<Failure>()

  const sent = async <T,>(event: FormEvent, request: () => Promise<Answer<T>>, then: (value: T) => void) => {
    event.preventDefault()
    setFailure(undefined)
    const answer = await request()
    if (!answer.ok) return setFailure(answer.failure)
    setPassword('')
    setCode('')
    then(answer.value)
  }

  if (step.kind === 'codes') {
    return (
      <div className="form">
        <p>{t('account.recovery')}</p>
        <ul className="recovery-codes num" data-testid="recovery-codes">
          {step.codes.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
        <button
          type="button"
          className="button primary"
          onClick={() => {
            setStep({ kind: 'rest' })
            onChanged()
          }}
        >
          {t('account.recoveryKept')}
        </button>
      </div>
    )
  }
  if (step.kind === 'scan') {
    return (
      <form
        className="form"
        onSubmit={(event) =>
          void sent(
            event,
            () =>
              ask<{ recoveryCodes: string[] }>('PUT', '/api/account/second-factor', { code: code.trim() }),
            ({ recoveryCodes }) => setStep({ kind: 'codes', codes: recoveryCodes }),
          )
        }
      >
        <p>{t('account.scan')}</p>
        <QrCode text={step.uri} label={t('account.qr')} />
        <p className="dim">
          {t('account.orType')} <code data-testid="totp-secret">{step.secret}</code>
        </p>
        <Field
          label={t('account.firstCode')}
          value={code}
          onText={setCode}
          inputMode="numeric"
          autoComplete="one-time-code"
          maxLength={10}
          required
          data-testid="totp-code"
        />
        <FailureText failure={failure} />
        <button type="submit" className="button primary" data-testid="totp-confirm">
          {t('account.turnOn')}
        </button>
      </form>
    )
  }
  return (
    <form
      className="form"
      onSubmit={(event) =>
        void (isOn
          ? sent(event, () => ask('POST', '/api/account/second-factor/remove', { password }), onChanged)
          : sent(
              event,
              () => ask<{ secret: string; uri: string }>('POST', '/api/account/second-factor', { password }),
              (begun) => setStep({ kind: 'scan', ...begun }),
            ))
      }
    >
      <p className="dim">{t(isOn ? 'account.secondFactorOn' : 'account.secondFactorOff')}</p>
      <Field
        label={t('account.current')}
        type="password"
        value={password}
        onText={setPassword}
        autoComplete="current-password"
        required
        data-testid="totp-password"
      />
      <FailureText failure={failure} />
      <button type="submit" className="button" data-testid="totp-begin">
        {t(isOn ? 'account.turnOff' : 'account.begin')}
      </button>
    </form>
  )
}
