import type { Alert, GatewayView, PointView, SiteView } from '@farwatch/model'
import { useEffect, useMemo, useRef, useState } from 'react'
import { AlertRow } from '../alerts/alert-row.tsx'
import { orderAlerts } from '../alerts/order.ts'
import { Icon, SiteIcon } from '../design/icons.tsx'
import { worstLevel } from '../design/levels.ts'
import { stamp } from '../design/time.ts'
import { useWords } from '../i18n/index.ts'
import { live, useAlerts, useGateways, useSite } from '../live/hooks.ts'
import { Trend } from '../trend/trend.tsx'
import { CameraCard } from './camera-card.tsx'
import { PointRow } from './point-row.tsx'
import { isCounty } from './site-list.tsx'
import { useConditions } from './use-conditions.ts'

interface Props {
  readonly id: string
  readonly onClose: () => void
  readonly onAcknowledge: (alert: Alert) => void
}

export function SitePanel({ id, onClose, onAcknowledge }: Props) {
  const { t } = useWords()
  const site = useSite(id)
  const panel = useRef<HTMLElement>(null)
  // In braces, because newer browsers return a promise here, which React would take for the effect's way out.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another site is read from its top
  useEffect(() => {
    panel.current?.scrollTo(0, 0)
  }, [id])
  return (
    <aside className="site-panel" data-testid="site-panel" data-site={id} ref={panel}>
      {site ? (
        <Content key={id} site={site} onClose={onClose} onAcknowledge={onAcknowledge} />
      ) : (
        <>
          <PanelHead title={t('site.missing')} onClose={onClose} />
          <p className="panel-empty dim">{t('site.missingDetail', { id })}</p>
        </>
      )}
    </aside>
  )
}

function PanelHead(props: {
  title: string
  site?: SiteView
  level?: string | undefined
  onClose: () => void
}) {
  const { t, say } = useWords()
  const conditions = useConditions()
  const { title, site, level, onClose } = props
  const condition = site && (conditions.get(site.id) ?? 'normal')
  return (
    <header className="panel-head" data-level={level}>
      <button type="button" className="quiet panel-back" onClick={onClose} aria-label={t('site.back')}>
        <Icon name="back" />
      </button>
      {site && (
        <span className="site-chip large" data-level={level} data-condition={condition}>
          <SiteIcon kind={site.kind} size={22} />
        </span>
      )}
      <div className="panel-title">
        <h2 className="clip">{title}</h2>
        {site && (
          <p className="dim clip">
            <span className="num">{site.id}</span> · {t(`kind.${site.kind}`)}
            {site.address
              ? ` · ${say(site.address)}`
              : isCounty(site.county) && ` · ${t(`county.${site.county}`)}`}
          </p>
        )}
      </div>
      {condition && condition !== 'normal' && (
        <span className="tag" data-condition={condition}>
          {t(`condition.${condition}`)}
        </span>
      )}
      <button
        type="button"
        className="quiet panel-close"
        data-testid="site-close"
        onClick={onClose}
        aria-label={t('site.close')}
      >
        <Icon name="close" />
      </button>
    </header>
  )
}

function Content({ site, onClose, onAcknowledge }: { site: SiteView } & Omit<Props, 'id'>) {
  const { t, say } = useWords()
  const alerts = useAlerts()
  const ofSite = useMemo(
    () => [...alerts.values()].filter((alert) => alert.site === site.id),
    [alerts, site.id],
  )
  const { open } = useMemo(() => orderAlerts(ofSite, live.clock.now()), [ofSite])
  const points = useMemo(() => site.devices.flatMap((device) => device.points), [site])
  const [chosen, setChosen] = useState<string>()
  const point = points.find(({ key }) => key === chosen) ?? firstPoint(points, open)
  const cameras = site.devices.filter((device) => device.camera !== null)
  const sensors = site.devices.filter((device) => device.points.length > 0 || device.camera === null)

  return (
    <>
      <PanelHead title={say(site.name)} site={site} level={worstLevel(open) ?? undefined} onClose={onClose} />
      {open.length > 0 && (
        <section className="panel-section panel-alerts" aria-label={t('site.alerts')}>
          <ul className="rows">
            {open.map((alert) => (
              <AlertRow
                key={alert.id}
                alert={alert}
                selected={false}
                fresh={false}
                withSite={false}
                onOpen={() => points.some(({ key }) => key === alert.subject) && setChosen(alert.subject)}
                onAcknowledge={onAcknowledge}
              />
            ))}
          </ul>
        </section>
      )}
      {cameras.length > 0 && (
        <section className="panel-section panel-cameras">
          {cameras.map((device) => (
            <CameraCard key={device.id} device={device} />
          ))}
        </section>
      )}
      {point && <Trend point={point} alerts={ofSite} />}
      <section className="panel-section" aria-label={t('site.devices')}>
        {sensors.length === 0 && cameras.length === 0 && (
          <p className="panel-empty dim">{t('site.noDevices')}</p>
        )}
        {sensors.map((device) => (
          <div className="device" key={device.id} data-device={device.id}>
            <h3 className="device-name">
              <span className="clip">{say(device.name)}</span>
              <span className="dim num clip">{device.id}</span>
              {!device.registered && (
                <span className="tag" data-condition="unregistered">
                  {t('site.unregisteredDevice')}
                </span>
              )}
            </h3>
            {device.points.length === 0 ? (
              <p className="dim device-empty">{t('site.noPoints')}</p>
            ) : (
              <ul className="points">
                {device.points.map((one) => (
                  <PointRow
                    key={one.key}
                    point={one}
                    selected={one.key === point?.key}
                    onSelect={setChosen}
                  />
                ))}
              </ul>
            )}
          </div>
        ))}
      </section>
      <Gateway site={site} />
    </>
  )
}

/** What a person wants to see first: what is in alarm, else the first measured value, else anything. */
function firstPoint(points: readonly PointView[], open: readonly Alert[]): PointView | undefined {
  for (const alert of open) {
    const point = points.find(({ key }) => key === alert.subject)
    if (point) return point
  }
  return points.find(({ type }) => type === 'number') ?? points[0]
}

function Gateway({ site }: { site: SiteView }) {
  const { t } = useWords()
  const gateways = useGateways()
  const gateway = site.gateway === undefined ? undefined : gateways.get(site.gateway)
  return (
    <section className="panel-section gateway" aria-label={t('site.gateway')}>
      <h3 className="device-name">
        <span>{t('site.gateway')}</span>
        <span className="dim num clip">{site.gateway}</span>
      </h3>
      {site.gateway === undefined ? (
        <p className="dim">{t('site.direct')}</p>
      ) : gateway === undefined ? (
        <p className="dim">{t('site.gatewayUnknown')}</p>
      ) : (
        <GatewayState gateway={gateway} />
      )}
      {site.latitude !== null && site.longitude !== null && (
        <p className="coordinates dim num">
          {t('site.coordinates')} {site.latitude.toFixed(4)}, {site.longitude.toFixed(4)} · WGS-84
        </p>
      )}
    </section>
  )
}

function GatewayState({ gateway }: { gateway: GatewayView }) {
  const { t } = useWords()
  const { online, status } = gateway
  const waiting = status?.spool?.batches ?? 0
  return (
    <>
      <p className="gateway-line" data-online={online}>
        <span className="lamp" data-state={online ? 'live' : 'disconnected'}>
          <i aria-hidden="true" />
          {t(online ? 'site.online' : 'site.offline')}
        </span>
        <span className="dim num">
          {t('site.since', { time: stamp(gateway.sinceMs, live.clock.now()) })} ·{' '}
          {waiting === 0 ? t('site.spoolEmpty') : t('site.spool', { count: waiting })}
        </span>
      </p>
      <ul className="links">
        {(status?.links ?? []).map((link) => (
          <li key={link.name} data-state={link.state}>
            <i aria-hidden="true" />
            <span className="clip">{link.name}</span>
            <span className="dim">{link.protocol}</span>
            <span>{t(`site.link.${link.state}`)}</span>
            {link.problem && <span className="link-problem">{link.problem}</span>}
          </li>
        ))}
      </ul>
    </>
  )
}
