import type { Delivery, GatewayView } from '@farwatch/model'
import { useMemo } from 'react'
import { Age } from '../design/age.tsx'
import { Icon } from '../design/icons.tsx'
import { stamp } from '../design/time.ts'
import { useWords } from '../i18n/index.ts'
import { live, useGateways } from '../live/hooks.ts'
import { DeliveryDetails } from './delivery-details.tsx'

/** Every gateway: whether it is there, what waits at it, and how what it sends has come in. What needs a look is first. */
export function GatewayList() {
  const { t } = useWords()
  const gateways = useGateways()
  const sorted = useMemo(
    () => [...gateways.values()].sort((a, b) => urgency(b) - urgency(a) || a.id.localeCompare(b.id)),
    [gateways],
  )
  if (sorted.length === 0) {
    return (
      <div className="calm">
        <p>{t('gateways.none')}</p>
        <p className="dim">{t('gateways.noneDetail')}</p>
      </div>
    )
  }
  return (
    <section aria-label={t('tab.gateways')}>
      <ul className="rows">
        {sorted.map((gateway) => (
          <GatewayRow key={gateway.id} gateway={gateway} />
        ))}
      </ul>
    </section>
  )
}

function urgency({ online, delivery }: GatewayView): number {
  return (delivery?.twin ? 4 : 0) + (online ? 0 : 2) + (delivery && delivery.missing.holes > 0 ? 1 : 0)
}

function GatewayRow({ gateway }: { gateway: GatewayView }) {
  const { t } = useWords()
  const { id, online, sinceMs, delivery } = gateway
  return (
    <li className="gateway-row" data-testid="gateway-row" data-gateway={id} data-online={online}>
      <p className="gateway-line">
        <b className="num clip">{id}</b>
        <span className="lamp" data-state={online ? 'live' : 'disconnected'}>
          <i aria-hidden="true" />
          {t(online ? 'site.online' : 'site.offline')}
        </span>
      </p>
      <p className="dim num gateway-since">{t('site.since', { time: stamp(sinceMs, live.clock.now()) })}</p>
      {delivery?.twin && (
        <p className="gateway-twin">
          <Icon name="warn" size={16} />
          <span>
            {t(`gateways.twin.${delivery.twin.sign}`)} · <Age sinceMs={delivery.twin.atMs} ago />
          </span>
        </p>
      )}
      <Figures gateway={gateway} delivery={delivery} />
      {delivery && <DeliveryDetails delivery={delivery} />}
    </li>
  )
}

function Figures({ gateway, delivery }: { gateway: GatewayView; delivery: Delivery | null }) {
  const { t } = useWords()
  const backfill = gateway.status?.backfill
  const links = gateway.status?.links ?? []
  const up = links.filter(({ state }) => state === 'up').length
  const waiting = gateway.status?.spool?.batches ?? 0
  return (
    <dl className="gateway-figures num">
      <div>
        <dt>{t('gateways.waiting')}</dt>
        <dd>{t('gateways.batches', { count: waiting })}</dd>
      </div>
      <div data-some={up < links.length || undefined}>
        <dt>{t('gateways.links')}</dt>
        <dd>{t('gateways.linksUp', { up, all: links.length })}</dd>
      </div>
      {backfill && backfill.batches > 0 && (
        <div className="wide">
          <dt>{t('gateways.backfill')}</dt>
          <dd>
            {t('gateways.batches', { count: backfill.batches })} · <Age sinceMs={backfill.oldestMadeMs} ago />
          </dd>
        </div>
      )}
      {delivery === null ? (
        <div>
          <dt>{t('gateways.nothingYet')}</dt>
        </div>
      ) : (
        <>
          <div data-some={delivery.missing.batches > 0 || undefined}>
            <dt>{t('gateways.missing')}</dt>
            <dd>{t('gateways.batches', { count: delivery.missing.batches })}</dd>
          </div>
          <div data-some={delivery.lost.batches > 0 || undefined}>
            <dt>{t('gateways.lost')}</dt>
            <dd>{t('gateways.batches', { count: delivery.lost.batches })}</dd>
          </div>
        </>
      )}
    </dl>
  )
}
