import { useEffect } from 'react'
import { Icon } from '../design/icons.tsx'
import { applyLanguage, useWords } from '../i18n/index.ts'
import { preferences, themes, useDark, usePreferences } from './preferences.ts'

const themeIcons = { system: 'system', dark: 'moon', light: 'sun' } as const
const themeNames = {
  system: 'settings.themeSystem',
  dark: 'settings.themeDark',
  light: 'settings.themeLight',
} as const

/** Brings language and theme of this browser's preferences to the document. */
export function useAppearance(): void {
  const { language } = usePreferences()
  const dark = useDark()
  useEffect(() => applyLanguage(language), [language])
  useEffect(() => {
    document.documentElement.dataset.theme = dark ? 'dark' : 'light'
  }, [dark])
}

/** The buttons for language and theme. */
export function Appearance() {
  const { t, language } = useWords()
  const { theme } = usePreferences()
  const nextTheme = themes[(themes.indexOf(theme) + 1) % themes.length]!
  return (
    <>
      <button
        type="button"
        className="quiet"
        data-testid="lang"
        data-lang={language}
        lang={language === 'zh' ? 'en' : 'zh-CN'}
        onClick={() => preferences.set({ language: language === 'zh' ? 'en' : 'zh' })}
      >
        {t('settings.other')}
      </button>
      <button
        type="button"
        className="quiet"
        data-testid="theme"
        data-theme-choice={theme}
        title={`${t('settings.theme')}: ${t(themeNames[theme])}`}
        aria-label={`${t('settings.theme')}: ${t(themeNames[theme])}`}
        onClick={() => preferences.set({ theme: nextTheme })}
      >
        <Icon name={themeIcons[theme]} />
      </button>
    </>
  )
}
