import type { AccountView } from '@farwatch/model'
import { useCallback, useEffect, useState } from 'react'
import './accounts.css'
import { Icon } from '../design/icons.tsx'
import { useWords } from '../i18n/index.ts'
import { ask, type Failure } from '../session/ask.ts'
import { FailureText } from '../session/failure-text.tsx'
import { useGrantText } from '../session/grant-text.ts'
import { useMay } from '../session/session.ts'
import { AccountDetails } from './account-details.tsx'
import { NewAccount } from './new-account.tsx'

/** Accounts: `#/manage/accounts`, one of them behind it. */
export default function AccountsPage({ rest }: { rest: readonly string[] }) {
  const { t } = useWords()
  const mayChange = useMay('accounts.change')
  const [accounts, setAccounts] = useState<readonly AccountView[]>()
  const [failure, setFailure] = useState<Failure>()
  const [wanted, setWanted] = useState('')
  const [isNew, setIsNew] = useState(false)
  const load = useCallback(async () => {
    const answer = await ask<AccountView[]>('GET', '/api/accounts')
    if (answer.ok) setAccounts(answer.value)
    setFailure(answer.ok ? undefined : answer.failure)
  }, [])
  useEffect(() => void load(), [load])

  const [selected] = rest
  const shown = (accounts ?? []).filter(({ id, name }) =>
    `${id} ${name}`.toLocaleLowerCase().includes(wanted.trim().toLocaleLowerCase()),
  )
  return (
    <section className="accounts" data-testid="accounts">
      <header className="accounts-head">
        <h1>{t('manage.accounts')}</h1>
        <input
          type="search"
          className="accounts-search"
          placeholder={t('accounts.search')}
          aria-label={t('accounts.search')}
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
        />
        {mayChange && (
          <button
            type="button"
            className="button primary"
            data-testid="account-new"
            onClick={() => setIsNew(true)}
          >
            <Icon name="plus" size={16} />
            {t('accounts.new')}
          </button>
        )}
      </header>
      <FailureText failure={failure} />
      <div className="accounts-body" data-selected={selected !== undefined || undefined}>
        <ul className="entries accounts-list">
          {shown.map((account) => (
            <Row key={account.id} account={account} isSelected={account.id === selected} />
          ))}
          {accounts !== undefined && shown.length === 0 && <li className="dim">{t('accounts.none')}</li>}
        </ul>
        {selected !== undefined && (
          <AccountDetails key={selected} id={selected} mayChange={mayChange} onChanged={() => void load()} />
        )}
      </div>
      {isNew && (
        <NewAccount
          onClose={() => setIsNew(false)}
          onMade={() => {
            void load()
          }}
        />
      )}
    </section>
  )
}

function Row({ account, isSelected }: { account: AccountView; isSelected: boolean }) {
  const { t } = useWords()
  const grantText = useGrantText()
  const { id, name, grants, locked, mustChangePassword, secondFactor, singleSignOn } = account
  return (
    <li>
      <a
        href={`#/manage/accounts/${encodeURIComponent(id)}`}
        className="account-row"
        aria-current={isSelected ? 'true' : undefined}
        data-testid={`account-${id}`}
      >
        <div className="row-text">
          <b className="clip">
            {name} <span className="dim">{id}</span>
          </b>
          <span className="dim clip">{grants.map(grantText).join('; ') || t('accounts.noGrants')}</span>
        </div>
        {locked && <span className="tag">{t('accounts.locked')}</span>}
        {mustChangePassword && <span className="tag">{t('accounts.oneTime')}</span>}
        {secondFactor && <span className="tag">{t('accounts.twoSteps')}</span>}
        {singleSignOn && <span className="tag">{t('accounts.singleSignOn')}</span>}
      </a>
    </li>
  )
}
