import type { Grant, TokenView } from '@farwatch/model'
import { type FormEvent, useState } from 'react'
import { dayOf } from '../design/time.ts'
import { useWords } from '../i18n/index.ts'
import { ask, type Failure } from './ask.ts'
import { FailureText } from './failure-text.tsx'
import { Field } from './field.tsx'
import { useGrantText } from './grant-text.ts'

interface Props {
  readonly tokens: readonly TokenView[]
  /** The account's own: a token gets some of them. */
  readonly grants: readonly Grant[]
  readonly onChanged: () => void
}

const defaultDays = '90'

/** API tokens of the own account: named, expiring, shown once. */
export function Tokens({ tokens, grants, onChanged }: Props) {
  const { t } = useWords()
  const grantText = useGrantText()
  const [name, setName] = useState('')
  const [days, setDays] = useState(defaultDays)
  const [left, setLeft] = useState<ReadonlySet<number>>(new Set())
  const [made, setMade] = useState<string>()
  const [failure, setFailure] = useState<Failure>()

  const create = async (event: FormEvent) => {
    event.preventDefault()
    const body = { name, days: Number(days), grants: grants.filter((_, n) => !left.has(n)) }
    const answer = await ask<{ token: string }>('POST', '/api/account/tokens', body)
    setFailure(answer.ok ? undefined : answer.failure)
    if (!answer.ok) return
    setMade(answer.value.token)
    setName('')
    onChanged()
  }
  const revoke = async (id: string) => {
    const answer = await ask('DELETE', `/api/account/tokens/${id}`)
    setFailure(answer.ok ? undefined : answer.failure)
    onChanged()
  }

  return (
    <>
      <ul className="entries" data-testid="tokens">
        {tokens.map((token) => (
          <li key={token.id}>
            <div className="row-text">
              <b className="clip">{token.name}</b>
              <span className="dim num">
                {t('account.tokenUntil', { day: dayOf(token.expiresMs) })} ·{' '}
                {token.grants.map(grantText).join('; ')}
              </span>
            </div>
            <button type="button" className="button" onClick={() => void revoke(token.id)}>
              {t('account.revoke')}
            </button>
          </li>
        ))}
      </ul>
      {made !== undefined && (
        <p className="secret-once" role="status">
          <span>{t('account.tokenOnce')}</span>
          <code data-testid="token-made">{made}</code>
        </p>
      )}
      <form className="form" onSubmit={(event) => void create(event)}>
        <p className="dim">{t('account.tokensWhy')}</p>
        <Field
          label={t('account.tokenName')}
          value={name}
          onText={setName}
          maxLength={100}
          required
          data-testid="token-name"
        />
        <Field
          label={t('account.tokenDays')}
          type="number"
          min={1}
          max={365}
          value={days}
          onText={setDays}
          required
        />
        {grants.length > 1 && (
          <fieldset className="checks">
            <legend>{t('account.tokenGrants')}</legend>
            {grants.map((grant, n) => (
              <label key={grantText(grant)}>
                <input
                  type="checkbox"
                  checked={!left.has(n)}
                  onChange={() => {
                    const next = new Set(left)
                    if (!next.delete(n)) next.add(n)
                    setLeft(next)
                  }}
                />
                {grantText(grant)}
              </label>
            ))}
          </fieldset>
        )}
        <FailureText failure={failure} />
        <button type="submit" className="button" data-testid="token-create">
          {t('account.createToken')}
        </button>
      </form>
    </>
  )
}
