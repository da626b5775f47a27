import { useWords } from '../i18n/index.ts'

/** A one-time password, to be read out or handed over now. */
export function HandedOut({ id, password }: { id: string; password: string }) {
  const { t } = useWords()
  return (
    <p className="secret-once" role="status">
      <span>{t('accounts.handedOut', { id })}</span>
      <code data-testid="one-time-password">{password}</code>
    </p>
  )
}
