import { useEffect } from 'react'
import { applyLanguage } from '../i18n/index.ts'
import { useDark, usePreferences } from './preferences.ts'

/** Keeps the document in the chosen language and theme. */
export function useAppearance(): void {
  const { language } = usePreferences()
  const dark = useDark()
  useEffect(() => applyLanguage(language), [language])
  useEffect(() => {
    document.documentElement.dataset.theme = dark ? 'dark' : 'light'
  }, [dark])
}
