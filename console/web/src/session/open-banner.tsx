import { useState } from 'react'
import { Icon } from '../design/icons.tsx'
import { useWords } from '../i18n/index.ts'
import { LoginDialog } from './login-dialog.tsx'
import { useSession } from './session.ts'

/** Says that the console is open to this whole machine, and how that ends. */
export function OpenBanner() {
  const { t } = useWords()
  const state = useSession()
  const [asking, setAsking] = useState(false)
  if (state.kind !== 'known' || state.info.state !== 'open') return null
  return (
    <div className="banner slim" data-kind="open" role="status" data-testid="open-banner">
      <Icon name="warn" size={16} />
      <span>{t('open.banner')}</span>
      <button type="button" className="button" data-testid="open-login" onClick={() => setAsking(true)}>
        {t('login.submit')}
      </button>
      {asking && <LoginDialog singleSignOn={state.info.singleSignOn} onClose={() => setAsking(false)} />}
    </div>
  )
}
