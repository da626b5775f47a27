import { useWords } from '../i18n/index.ts'
import { useNow } from '../live/hooks.ts'
import { ageParts } from './time.ts'

/** An age in words of the language: `2 分 5 秒`, `3 h 20 min`. */
export function useAgeText(): (ageMs: number) => string {
  const { t } = useWords()
  return (ageMs) =>
    ageParts(ageMs)
      .map(({ n, unit }) => t(`age.${unit}`, { n }))
      .join(t('age.join'))
}

/** Ticks each second by server time; redraws itself alone. */
export function Age({ sinceMs, ago = false }: { sinceMs: number; ago?: boolean }) {
  const { t } = useWords()
  const age = useAgeText()
  const ageMs = useNow() - sinceMs
  if (ago && ageMs < 1_000) return t('age.now')
  const text = age(ageMs)
  return ago ? t('age.ago', { age: text }) : text
}
