import { useEffect, useSyncExternalStore } from 'react'
import { useWords } from '../i18n/index.ts'
import { live, useConnection } from '../live/hooks.ts'
import { useAppearance } from '../shell/appearance.tsx'
import { Root } from '../shell/root.tsx'
import { AccountPage } from './account-page.tsx'
import { ask } from './ask.ts'
import { Entrance } from './entrance.tsx'
import { LoginPage } from './login-page.tsx'
import { PasswordPage } from './password-page.tsx'
import { session, useSession } from './session.ts'

/** While the centre has not said who is here, it is asked so often. */
const askAgainMs = 2_000

/** Shows the console to those whom the centre knows, and the login to all others; the address stays as it is. */
export function Gate() {
  useAppearance()
  const state = useSession()
  const waiting = state.kind === 'waiting'
  useEffect(() => {
    void session.refresh()
    if (!waiting) return
    const timer = setInterval(() => void session.refresh(), askAgainMs)
    return () => clearInterval(timer)
  }, [waiting])
  if (state.kind === 'waiting') return <Waiting />
  const { info } = state
  if (info.state === 'out') return <LoginPage singleSignOn={info.singleSignOn} />
  if (info.state === 'password') return <PasswordPage />
  if (!info.actions.includes('monitoring.read')) return <NoRights />
  return <Inside key={info.account?.id ?? ''} />
}

function Inside() {
  const hash = useHash()
  const { kind } = useConnection()
  useEffect(() => live.start(), [])
  // Cut off: perhaps because the session has ended.
  useEffect(() => {
    if (kind === 'disconnected') void session.refresh()
  }, [kind])
  return hash.startsWith('#/account') ? <AccountPage /> : <Root />
}

function Waiting() {
  const { t } = useWords()
  return (
    <Entrance testId="waiting">
      <p className="dim entrance-note">{t('connection.bannerConnecting')}</p>
    </Entrance>
  )
}

/** Somebody whom an administrator has given nothing yet. */
function NoRights() {
  const { t } = useWords()
  return (
    <Entrance testId="no-rights">
      <h2>{t('login.noRights')}</h2>
      <p className="dim">{t('login.noRightsWhy')}</p>
      <button
        type="button"
        className="button wide"
        onClick={() => void ask('DELETE', '/api/session').then(() => session.refresh())}
      >
        {t('person.logout')}
      </button>
    </Entrance>
  )
}

function useHash(): string {
  return useSyncExternalStore(
    (listener) => {
      addEventListener('hashchange', listener)
      return () => removeEventListener('hashchange', listener)
    },
    () => location.hash,
  )
}
