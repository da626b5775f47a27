import { useSyncExternalStore } from 'react'

export const themes = ['system', 'dark', 'light'] as const
export type Theme = (typeof themes)[number]
export const languages = ['zh', 'en'] as const
export type Language = (typeof languages)[number]

/** What this browser remembers of the person in front of it. */
export interface Preferences {
  readonly theme: Theme
  readonly language: Language
  /** Who acknowledges here; empty until asked. */
  readonly operator: string
}

const storageKey = 'farwatch.preferences'

/** Reads what was stored, whatever became of it: each part that does not fit falls back on its default. */
export function parsePreferences(stored: string | null, browserLanguages: readonly string[]): Preferences {
  let kept: Partial<Record<keyof Preferences, unknown>> = {}
  try {
    const json: unknown = JSON.parse(stored ?? '{}')
    if (typeof json === 'object' && json !== null) kept = json
  } catch {
    // Not ours to repair: the defaults hold.
  }
  const wantsEnglish = /^en\b/i.test(browserLanguages[0] ?? '')
  return {
    theme: themes.find((one) => one === kept.theme) ?? 'system',
    language: languages.find((one) => one === kept.language) ?? (wantsEnglish ? 'en' : 'zh'),
    operator: typeof kept.operator === 'string' ? kept.operator.slice(0, 100) : '',
  }
}

class PreferenceStore {
  #current = parsePreferences(read(), navigator.languages)
  readonly #listeners = new Set<() => void>()

  readonly current = (): Preferences => this.#current

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  set(change: Partial<Preferences>): void {
    this.#current = { ...this.#current, ...change }
    try {
      localStorage.setItem(storageKey, JSON.stringify(this.#current))
    } catch {
      // A browser that keeps nothing still shows everything.
    }
    for (const listener of this.#listeners) listener()
  }
}

function read(): string | null {
  try {
    return localStorage.getItem(storageKey)
  } catch {
    return null
  }
}

export const preferences = new PreferenceStore()
export const usePreferences = (): Preferences =>
  useSyncExternalStore(preferences.subscribe, preferences.current)

const darkQuery = matchMedia('(prefers-color-scheme: dark)')

/** The theme in force, `system` resolved. */
export function useDark(): boolean {
  const { theme } = usePreferences()
  const system = useSyncExternalStore(
    (listener) => {
      darkQuery.addEventListener('change', listener)
      return () => darkQuery.removeEventListener('change', listener)
    },
    () => darkQuery.matches,
  )
  return theme === 'system' ? system : theme === 'dark'
}
