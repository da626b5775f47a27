import type { Text } from '@farwatch/model'
import i18next, { type TFunction } from 'i18next'
import { initReactI18next, useTranslation } from 'react-i18next'
import type { Language } from '../shell/preferences.ts'
import { en } from './en.ts'
import type { registryZh } from './registry-zh.ts'
import { zh } from './zh.ts'

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation'
    resources: { translation: typeof zh; registry: typeof registryZh }
  }
}

/** Both languages travel with the page: switching asks nothing of the network. */
export function startI18n(language: Language): void {
  void i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: 'zh',
    resources: { zh: { translation: zh }, en: { translation: en } },
    interpolation: { escapeValue: false },
    initAsync: false,
  })
  applyLanguage(language)
}

export function applyLanguage(language: Language): void {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en'
  if (i18next.language !== language) void i18next.changeLanguage(language)
}

export interface Words {
  readonly t: TFunction
  readonly language: Language
  /** A name that the data brings in both languages. */
  readonly say: (text: Text) => string
}

export function useWords(): Words {
  const { t, i18n } = useTranslation()
  const language: Language = i18n.language === 'en' ? 'en' : 'zh'
  return { t, language, say: (text) => text[language] }
}
