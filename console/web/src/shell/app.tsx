import type { Alert } from '@farwatch/model'
import { lazy, Suspense, useCallback, useEffect, useState } from 'react'
import { acknowledge } from '../alerts/acknowledge.ts'
import { AlertList } from '../alerts/alert-list.tsx'
import { OperatorDialog } from '../alerts/operator-dialog.tsx'
import { useKeys } from '../alerts/use-keys.ts'
import { useOrderedAlerts } from '../alerts/use-ordered-alerts.ts'
import { Icon } from '../design/icons.tsx'
import { isCalling, worstLevel } from '../design/levels.ts'
import { GatewayList } from '../gateways/gateway-list.tsx'
import { useWords } from '../i18n/index.ts'
import { useConnection, useGateways, useSites } from '../live/hooks.ts'
import { OpenBanner } from '../session/open-banner.tsx'
import { accountName, useMay } from '../session/session.ts'
import { SiteList } from '../sites/site-list.tsx'
import { ConnectionBanner, GatewayBanner } from './connection.tsx'
import { useIsPhone } from './media.ts'
import { preferences } from './preferences.ts'
import { go, type Tab, useRoute } from './route.ts'
import { TopBar } from './top-bar.tsx'

const MapView = lazy(() => import('../map/map-view.tsx'))
const SitePanel = lazy(() => import('../sites/site-panel.tsx').then((m) => ({ default: m.SitePanel })))

/** Width of the site panel where it lies over the map; the same figure stands in `sites.css`. */
const panelWidth = 440

/** What waits for the operator's name: an alert to acknowledge, or nothing but the name. */
type Asking = { readonly alert: Alert | undefined } | undefined

export function App() {
  const order = useOrderedAlerts()
  const waiting = order.open.filter(isCalling)
  const worst = worstLevel(waiting)
  useTitle(waiting.length)
  const phone = useIsPhone()
  const route = useRoute()
  const connection = useConnection()
  const [asking, setAsking] = useState<Asking>()

  const mayAct = useMay('alerts.act')
  const onAcknowledge = useCallback(
    (alert: Alert) => {
      if (!mayAct) return
      const operator = accountName() ?? preferences.current().operator
      if (operator === '') setAsking({ alert })
      else void acknowledge(alert.id, operator)
    },
    [mayAct],
  )
  const onOpen = useCallback((alert: Alert) => go({ site: alert.site }), [])
  const openSite = useCallback((site: string) => go({ site }), [])
  const close = useCallback(() => go({ site: undefined }), [])
  useKeys({ Escape: close })

  // The map is always there beside the rail.
  const railTab = route.tab === 'map' ? 'alerts' : route.tab
  const alerts = <AlertList order={order} onOpen={onOpen} onAcknowledge={onAcknowledge} />
  const siteList = <SiteList selected={route.site} onOpen={openSite} />
  const map = (
    <Suspense fallback={<section className="map" />}>
      <MapView
        selected={route.site}
        onSelect={openSite}
        covered={!phone && route.site !== undefined ? panelWidth : 0}
      />
    </Suspense>
  )
  const panel = route.site !== undefined && (
    <Suspense fallback={<aside className="site-panel" />}>
      <SitePanel id={route.site} onClose={close} onAcknowledge={onAcknowledge} />
    </Suspense>
  )

  return (
    <div
      className="app"
      data-connection={connection.kind}
      data-waiting={worst ?? undefined}
      data-layout={phone ? 'phone' : 'wide'}
    >
      <TopBar order={order} onOperator={() => setAsking({ alert: undefined })} />
      <div className="banners">
        <ConnectionBanner />
        <OpenBanner />
        <GatewayBanner />
      </div>
      {phone ? (
        <>
          <main className="page">
            {route.tab === 'alerts' && alerts}
            {route.tab === 'map' && map}
            {route.tab === 'sites' && siteList}
            {route.tab === 'gateways' && <GatewayList />}
          </main>
          {panel}
          <Tabs tab={route.tab} waiting={waiting.length} className="bottom-tabs" />
        </>
      ) : (
        <main className="workplace">
          <div className="rail">
            <Tabs tab={railTab} waiting={waiting.length} className="rail-tabs" />
            <div className="rail-body">
              {railTab === 'alerts' && alerts}
              {railTab === 'sites' && siteList}
              {railTab === 'gateways' && <GatewayList />}
            </div>
            <KeyHints />
          </div>
          <div className="stage">
            {map}
            {panel}
          </div>
        </main>
      )}
      {asking && (
        <OperatorDialog
          acknowledges={asking.alert !== undefined}
          onDone={(operator) => {
            setAsking(undefined)
            if (operator !== undefined && asking.alert) void acknowledge(asking.alert.id, operator)
          }}
        />
      )}
    </div>
  )
}

function Tabs({ tab, waiting, className }: { tab: Tab; waiting: number; className: string }) {
  const { t } = useWords()
  const phone = useIsPhone()
  const sites = useSites()
  const gateways = useGateways()
  const tabs: readonly Tab[] = phone
    ? ['alerts', 'map', 'sites', 'gateways']
    : ['alerts', 'sites', 'gateways']
  return (
    <nav className={className} aria-label={t('tab.views')}>
      {tabs.map((one) => (
        <button
          key={one}
          type="button"
          aria-current={one === tab ? 'page' : undefined}
          data-testid={`tab-${one}`}
          onClick={() => go(phone ? { tab: one, site: undefined } : { tab: one })}
        >
          {phone && <Icon name={one} size={22} />}
          <span>{t(`tab.${one}`)}</span>
          {one === 'alerts' && waiting > 0 && <b className="count num">{waiting}</b>}
          {one === 'sites' && !phone && <span className="dim num">{sites.size}</span>}
          {one === 'gateways' && !phone && <span className="dim num">{gateways.size}</span>}
        </button>
      ))}
    </nav>
  )
}

function KeyHints() {
  const { t } = useWords()
  return (
    <p className="key-hints dim" aria-hidden="true">
      <kbd>J</kbd> <kbd>K</kbd> {t('alerts.keys')} <kbd>A</kbd> {t('alerts.acknowledge').toLocaleLowerCase()}{' '}
      <kbd>↵</kbd> {t('alerts.keyOpen')}
    </p>
  )
}

/** The browser's tab tells as well: a control room has other windows too. */
function useTitle(waiting: number): void {
  const { t } = useWords()
  const title = t('product.title')
  const text = waiting > 0 ? t('summary.documentTitle', { count: waiting, title }) : title
  const icon = waiting > 0 ? '/favicon-alert.svg' : '/favicon.svg'
  useEffect(() => {
    document.title = text
    document.querySelector('link[rel=icon]')?.setAttribute('href', icon)
  }, [text, icon])
}
