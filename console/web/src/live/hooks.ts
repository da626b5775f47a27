import type { Alert, CameraView, GatewayView, LastValue, PointKey, SiteView } from '@farwatch/model'
import { useSyncExternalStore } from 'react'
import type { Connection } from './connection-state.ts'
import type { LiveState } from './state.ts'
import { LiveStore } from './store.ts'

export const live = new LiveStore()

/** `select` must return something whose identity changes only with its content: an entry or a whole map. */
function useLive<T>(select: (state: LiveState) => T): T {
  return useSyncExternalStore(live.subscribe, () => select(live.state()))
}

export const useSites = (): ReadonlyMap<string, SiteView> => useLive((state) => state.sites)
export const useSite = (id: string | undefined): SiteView | undefined =>
  useLive((state) => (id === undefined ? undefined : state.sites.get(id)))
export const useValue = (key: PointKey): LastValue | undefined => useLive((state) => state.values.get(key))
export const useCamera = (device: string): CameraView | undefined =>
  useLive((state) => state.cameras.get(device))
export const useGateways = (): ReadonlyMap<string, GatewayView> => useLive((state) => state.gateways)
export const useAlerts = (): ReadonlyMap<string, Alert> => useLive((state) => state.alerts)
export const useConnection = (): Connection => useSyncExternalStore(live.subscribe, live.connection)
/** Server time, Unix ms, once a second. */
export const useNow = (): number => useSyncExternalStore(live.subscribeTick, live.second)
