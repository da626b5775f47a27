import type { Language } from '../shell/preferences.ts'

/** Day and time to the second, in this machine's time zone. */
export function formatMoment(timeMs: number, language: Language): string {
  return new Intl.DateTimeFormat(language === 'zh' ? 'zh-CN' : 'en-GB', {
    ...{ year: 'numeric', month: '2-digit', day: '2-digit' },
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false },
  }).format(timeMs)
}
