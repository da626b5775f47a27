import { Icon } from '../../design/icons.tsx'
import { useWords } from '../../i18n/index.ts'
import type { Refusal } from './api.ts'
import { useRegistryWords } from './words.ts'

/** Why something was not done, and the way to try again where there is one. */
export function RefusalNote({ refusal, onRetry }: { refusal: Refusal; onRetry?: () => void }) {
  const t = useRegistryWords()
  const { language } = useWords()
  // Files are refused in both languages: English as title, Chinese as detail.
  const chinese = /\p{Script=Han}/u.test(refusal.detail)
  const text = language === 'zh' && chinese ? refusal.detail : refusal.title
  return (
    <div className="registry-note" role="alert" data-testid="refusal">
      <Icon name="warn" />
      <span>{refusal.status === null ? t('failedNetwork') : t('failed', { detail: text })}</span>
      {onRetry && (
        <button type="button" className="button" onClick={onRetry}>
          {t('retry')}
        </button>
      )}
    </div>
  )
}
