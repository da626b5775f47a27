import { useWords } from '../i18n/index.ts'
import { ask } from './ask.ts'
import { Entrance } from './entrance.tsx'
import { PasswordForm } from './password-form.tsx'
import { session } from './session.ts'

/** A one-time password is replaced before anything else. */
export function PasswordPage() {
  const { t } = useWords()
  return (
    <Entrance testId="must-change-password">
      <h2>{t('login.mustChange')}</h2>
      <p className="dim">{t('login.mustChangeWhy')}</p>
      <PasswordForm currentLabel={t('login.oneTime')} onDone={(info) => session.take(info)} />
      <button
        type="button"
        className="quiet wide"
        onClick={() => void ask('DELETE', '/api/session').then(() => session.refresh())}
      >
        {t('person.logout')}
      </button>
    </Entrance>
  )
}
