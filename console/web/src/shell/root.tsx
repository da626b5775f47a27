import { lazy, Suspense, useSyncExternalStore } from 'react'
import { App } from './app.tsx'

const Manage = lazy(() => import('../manage/manage.tsx'))

/** The control room, or the management area where the address says so; only then is that loaded. */
export function Root() {
  const managing = useSyncExternalStore(subscribe, isManaging)
  if (!managing) return <App />
  return (
    <Suspense fallback={null}>
      <Manage />
    </Suspense>
  )
}

function subscribe(listener: () => void): () => void {
  addEventListener('hashchange', listener)
  return () => removeEventListener('hashchange', listener)
}

function isManaging(): boolean {
  return /^#\/manage(\/|$)/.test(location.hash)
}
