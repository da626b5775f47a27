import { useSyncExternalStore } from 'react'

/** `#/manage/registry/site/E01%2Fgas` as its parts behind `manage`: `['registry', 'site', 'E01/gas']`. */
export function parseManage(hash: string): readonly string[] {
  try {
    return hash
      .replace(/^#\/manage\/?/, '')
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent)
  } catch {
    return []
  }
}

export function manageAddress(...parts: readonly string[]): string {
  return ['#/manage', ...parts.map(encodeURIComponent)].join('/')
}

let hash = ''
let parts: readonly string[] = []

export function useManageAddress(): readonly string[] {
  return useSyncExternalStore(
    (listener) => {
      addEventListener('hashchange', listener)
      return () => removeEventListener('hashchange', listener)
    },
    () => {
      if (location.hash !== hash) {
        hash = location.hash
        parts = parseManage(hash)
      }
      return parts
    },
  )
}
