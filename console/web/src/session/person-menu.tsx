import { useEffect, useRef } from 'react'
import { Icon } from '../design/icons.tsx'
import { useWords } from '../i18n/index.ts'
import { ask } from './ask.ts'
import { useGrantText } from './grant-text.ts'
import { session, useSession } from './session.ts'

/** Who is logged in, with what rights, and the ways to the own account and out. */
export function PersonMenu() {
  const { t } = useWords()
  const grantText = useGrantText()
  const state = useSession()
  const details = useRef<HTMLDetailsElement>(null)
  useEffect(() => {
    const close = () => details.current?.removeAttribute('open')
    const closeOutside = ({ target }: Event) => {
      if (!details.current?.contains(target as Node)) close()
    }
    addEventListener('pointerdown', closeOutside)
    addEventListener('hashchange', close)
    return () => {
      removeEventListener('pointerdown', closeOutside)
      removeEventListener('hashchange', close)
    }
  }, [])
  if (state.kind !== 'known' || state.info.account === null) return null
  const { account, grants } = state.info
  return (
    <details className="person-menu" ref={details}>
      <summary
        className="quiet operator"
        data-testid="person"
        aria-label={t('person.current', { name: account.name })}
      >
        <Icon name="person" />
        <span className="clip">{account.name}</span>
      </summary>
      <div className="person-sheet">
        <p>
          <b className="clip">{account.name}</b>
          <span className="dim clip">{account.id}</span>
        </p>
        <ul>
          {grants.map((grant) => (
            <li key={grantText(grant)}>{grantText(grant)}</li>
          ))}
        </ul>
        <a href="#/account" className="quiet" data-testid="person-account">
          {t('person.account')}
        </a>
        {state.info.actions.includes('accounts.read') && (
          <a href="#/manage/accounts" className="quiet" data-testid="person-accounts">
            {t('manage.accounts')}
          </a>
        )}
        <button
          type="button"
          className="quiet"
          data-testid="logout"
          onClick={() => void ask('DELETE', '/api/session').then(() => session.refresh())}
        >
          {t('person.logout')}
        </button>
      </div>
    </details>
  )
}
