import type { Entity } from '@farwatch/model'
import { useState } from 'react'
import { useWords } from '../../i18n/index.ts'
import { manageAddress } from '../address.ts'
import { type Refusal, retire } from './api.ts'
import { Dialog } from './dialog.tsx'
import { RefusalNote } from './refusal-note.tsx'
import { useRegistryWords } from './words.ts'

interface RetireProps {
  readonly entity: Entity
  readonly onDone: () => void
  readonly onRetired: () => void
}

export function RetireDialog({ entity, onDone, onRetired }: RetireProps) {
  const t = useRegistryWords()
  const { language } = useWords()
  const [reason, setReason] = useState('')
  const [refusal, setRefusal] = useState<Refusal>()

  async function confirm() {
    const { kind, id, version } = entity
    const answer = await retire({ kind, id, version, reason })
    if (answer.outcome === 'refused') return setRefusal(answer)
    onRetired()
    location.hash = manageAddress('registry', kind)
  }

  return (
    <Dialog title={t('retire.title', { id: entity.id })} onCancel={onDone}>
      <p className="dim">{t('retire.why')}</p>
      <label>
        <span>{t('retire.reason')}</span>
        <input value={reason} maxLength={2_000} onChange={(event) => setReason(event.target.value)} />
      </label>
      {refusal?.lines.map((line) => (
        <p key={line.code} className="registry-problem" role="alert">
          {line[language]}
        </p>
      ))}
      {refusal !== undefined && refusal.lines.length === 0 && <RefusalNote refusal={refusal} />}
      <div className="dialog-buttons">
        <button type="button" className="button" onClick={onDone}>
          {t('retire.cancel')}
        </button>
        <button
          type="button"
          className="button primary"
          onClick={() => void confirm()}
          data-testid="retire-confirm"
        >
          {t('retire.confirm')}
        </button>
      </div>
    </Dialog>
  )
}
