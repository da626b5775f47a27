import { useSyncExternalStore } from 'react'

/** The width below which the page is a phone's; the same figure stands in the style sheets. */
const phone = matchMedia('(max-width: 640px)')

export function useIsPhone(): boolean {
  return useSyncExternalStore(
    (listener) => {
      phone.addEventListener('change', listener)
      return () => phone.removeEventListener('change', listener)
    },
    () => phone.matches,
  )
}
