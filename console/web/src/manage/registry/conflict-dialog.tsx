import type { Entity, KindFields } from '@farwatch/model'
import { stamp } from '../../design/time.ts'
import { useWords } from '../../i18n/index.ts'
import { Dialog } from './dialog.tsx'
import { differences } from './draft.ts'
import { useRegistryWords } from './words.ts'

interface ConflictProps {
  readonly fields: KindFields
  readonly mine: unknown
  readonly theirs: Entity
  readonly onTakeTheirs: () => void
  readonly onKeepMine: () => void
  readonly onCancel: () => void
}

/** Somebody else was faster: both values side by side, and the choice. */
export function ConflictDialog({ fields, mine, theirs, onTakeTheirs, onKeepMine, onCancel }: ConflictProps) {
  const t = useRegistryWords()
  const { language, say } = useWords()
  const by = theirs.changedBy
  return (
    <Dialog
      title={t('conflict.title', { by, time: stamp(theirs.changedMs, Date.now()) })}
      onCancel={onCancel}
    >
      <p className="dim">{t('conflict.why')}</p>
      <div className="registry-scroll">
        <table data-testid="conflict">
          <thead>
            <tr>
              <th scope="col">{t('conflict.field')}</th>
              <th scope="col">{t('conflict.yours')}</th>
              <th scope="col">{t('conflict.theirs', { by })}</th>
            </tr>
          </thead>
          <tbody>
            {differences(fields, [mine, theirs.value], language).map(({ field, before, after }) => (
              <tr key={field.path}>
                <th scope="row">{say(field.label)}</th>
                <td>{before}</td>
                <td>{after}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="dialog-buttons">
        <button type="button" className="button" onClick={onCancel}>
          {t('conflict.cancel')}
        </button>
        <button type="button" className="button" onClick={onKeepMine} data-testid="keep-mine">
          {t('conflict.keepMine')}
        </button>
        <button type="button" className="button primary" onClick={onTakeTheirs} data-testid="take-theirs">
          {t('conflict.takeTheirs')}
        </button>
      </div>
    </Dialog>
  )
}
