import { useEffect, useRef } from 'react'
import { useWords } from '../i18n/index.ts'
import { LoginPage } from './login-page.tsx'

/** The login over an open console. */
export function LoginDialog({ singleSignOn, onClose }: { singleSignOn: string | null; onClose: () => void }) {
  const { t } = useWords()
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} className="full-dialog" onClose={onClose}>
      <LoginPage singleSignOn={singleSignOn} />
      <button type="button" className="button full-dialog-close" onClick={() => dialog.current?.close()}>
        {t('operator.cancel')}
      </button>
    </dialog>
  )
}
