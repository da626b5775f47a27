import { useMemo } from 'react'
import { live, useAlerts, useNow } from '../live/hooks.ts'
import { type AlertOrder, orderAlerts } from './order.ts'

/** Open and lately closed alerts in order of urgency, looked at anew when alerts change and each ten seconds. */
export function useOrderedAlerts(): AlertOrder {
  const alerts = useAlerts()
  const tens = Math.floor(useNow() / 10_000)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the ten-second step only lets closed alerts drop out
  return useMemo(() => orderAlerts(alerts.values(), live.clock.now()), [alerts, tens])
}
