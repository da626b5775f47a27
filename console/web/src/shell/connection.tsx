import { useAgeText } from '../design/age.tsx'
import { Icon } from '../design/icons.tsx'
import { clockTime } from '../design/time.ts'
import { useWords } from '../i18n/index.ts'
import { live, useConnection, useGateways, useNow } from '../live/hooks.ts'

export function ConnectionLamp() {
  const { t } = useWords()
  const { kind } = useConnection()
  return (
    <span className="lamp" data-testid="connection" data-state={kind}>
      <i aria-hidden="true" />
      <span>{t(`connection.${kind}`)}</span>
    </span>
  )
}

/** Says across the whole page that what is shown is not what is. Absent while all is live. */
export function ConnectionBanner() {
  const { t } = useWords()
  const age = useAgeText()
  const connection = useConnection()
  const nowMs = useNow()
  if (connection.kind === 'live') return null
  if (connection.kind === 'connecting') {
    return (
      <div className="banner" data-kind="connecting" role="status">
        <span className="spinner" aria-hidden="true" />
        {t('connection.bannerConnecting')}
      </div>
    )
  }
  // `sinceMs` is the page's own clock; the server's runs beside it.
  const serverMs = connection.sinceMs + (live.clock.now() - Date.now())
  const since = age(nowMs - serverMs)
  return (
    <div className="banner" data-kind={connection.kind} role="alert">
      <Icon name="warn" size={20} />
      <b className="num">
        {connection.kind === 'behind'
          ? t('connection.bannerBehind', { age: since })
          : t('connection.bannerDisconnected', { age: since, time: clockTime(serverMs) })}
      </b>
      {connection.kind === 'disconnected' && <span>{t('connection.reconnecting')}</span>}
    </div>
  )
}

/** Gateways that are away: everything behind them is unseen. */
export function GatewayBanner() {
  const { t } = useWords()
  const away = [...useGateways().values()].filter((gateway) => !gateway.online)
  if (away.length === 0) return null
  const names = away
    .slice(0, 4)
    .map((gateway) => gateway.id)
    .join(', ')
  return (
    <div className="banner slim" data-kind="gateways" role="status">
      <Icon name="warn" size={16} />
      <span>{t('connection.gatewaysAway', { count: away.length, names })}</span>
    </div>
  )
}
