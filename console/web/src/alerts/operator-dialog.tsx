import { useEffect, useRef, useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { preferences, usePreferences } from '../shell/preferences.ts'

/** Asks who is on duty. `acknowledges`: an acknowledgement waits for the answer. */
export function OperatorDialog({
  acknowledges,
  onDone,
}: {
  acknowledges: boolean
  onDone: (operator: string | undefined) => void
}) {
  const { t } = useWords()
  const { operator } = usePreferences()
  const dialog = useRef<HTMLDialogElement>(null)
  const [name, setName] = useState(operator)
  useEffect(() => dialog.current?.showModal(), [])
  const trimmed = name.trim()
  return (
    <dialog
      ref={dialog}
      className="dialog"
      data-testid="operator-dialog"
      onCancel={(event) => {
        event.preventDefault()
        onDone(undefined)
      }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (trimmed === '') return
          preferences.set({ operator: trimmed })
          onDone(trimmed)
        }}
      >
        <h2>{t('operator.ask')}</h2>
        <p className="dim">{t('operator.why')}</p>
        <label>
          <span>{t('operator.name')}</span>
          <input
            data-testid="operator-name"
            value={name}
            maxLength={100}
            autoComplete="name"
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <div className="dialog-buttons">
          <button type="button" className="button" onClick={() => onDone(undefined)}>
            {t('operator.cancel')}
          </button>
          <button
            type="submit"
            className="button primary"
            data-testid="operator-save"
            disabled={trimmed === ''}
          >
            {acknowledges ? t('operator.save') : t('operator.saveOnly')}
          </button>
        </div>
      </form>
    </dialog>
  )
}
