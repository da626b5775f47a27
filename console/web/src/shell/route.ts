import { useSyncExternalStore } from 'react'

const tabs = ['alerts', 'map', 'sites', 'gateways'] as const
export type Tab = (typeof tabs)[number]

export interface Route {
  readonly tab: Tab
  /** The site whose panel is open. */
  readonly site: string | undefined
}

/** `#/alerts`, `#/map/E01`: in the hash, so that a phone's back button closes what it opened. */
export function parseRoute(hash: string): Route {
  const [tab, site] = hash.replace(/^#\/?/, '').split('/')
  let id: string | undefined
  try {
    id = site ? decodeURIComponent(site) : undefined
  } catch {
    id = undefined
  }
  return { tab: tabs.find((one) => one === tab) ?? 'alerts', site: id }
}

export function formatRoute({ tab, site }: Route): string {
  return site === undefined ? `#/${tab}` : `#/${tab}/${encodeURIComponent(site)}`
}

let current = parseRoute(location.hash)
let currentHash = location.hash

function read(): Route {
  if (location.hash !== currentHash) {
    currentHash = location.hash
    current = parseRoute(currentHash)
  }
  return current
}

export function useRoute(): Route {
  return useSyncExternalStore((listener) => {
    addEventListener('hashchange', listener)
    return () => removeEventListener('hashchange', listener)
  }, read)
}

export function go(change: { tab?: Tab; site?: string | undefined }): void {
  const next = formatRoute({ ...read(), ...change })
  if (next !== location.hash) location.hash = next
}
