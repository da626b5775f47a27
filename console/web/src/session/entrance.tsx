import type { ReactNode } from 'react'
import { Wordmark } from '../design/icons.tsx'
import { useWords } from '../i18n/index.ts'
import { Appearance } from '../shell/appearance.tsx'

/** What stands before the console: one card on a quiet ground. */
export function Entrance({ children, testId }: { children: ReactNode; testId: string }) {
  const { t } = useWords()
  return (
    <div className="entrance" data-testid={testId}>
      <div className="entrance-corner">
        <Appearance />
      </div>
      <main className="entrance-card">
        <header className="entrance-brand">
          <Wordmark size={34} />
          <h1>{t('product.name')}</h1>
          <span className="dim">{t('product.tagline')}</span>
        </header>
        {children}
      </main>
    </div>
  )
}
