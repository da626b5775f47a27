import type { Delivery, VerdictKind } from '@farwatch/model'
import type { ReactNode } from 'react'
import { stamp } from '../design/time.ts'
import { useWords } from '../i18n/index.ts'
import { live } from '../live/hooks.ts'

/** What the centre answered, what is missing and what was declared lost, folded away until someone asks. */
export function DeliveryDetails({ delivery }: { delivery: Delivery }) {
  const { t } = useWords()
  const { verdicts, missing, lost, abnormal } = delivery
  const given = Object.entries(verdicts).filter(([, count]) => count > 0) as [VerdictKind, number][]
  return (
    <details className="delivery">
      <summary>
        {t('gateways.verdicts')}
        <span className="dim num">
          {given.map(([verdict, count]) => `${t(`gateways.verdict.${verdict}`)} ${count}`).join(' · ')}
        </span>
      </summary>
      {abnormal && (
        <Part title={t('gateways.last')}>
          <li>
            <span>
              {t(`gateways.verdict.${abnormal.verdict}`)} · <span className="num">{abnormal.seq}</span>
            </span>
            <span className="dim num">{stamp(abnormal.atMs, live.clock.now())}</span>
            <span className="delivery-note">{abnormal.reason}</span>
          </li>
        </Part>
      )}
      {missing.list.length > 0 && (
        <Part title={t('gateways.holes')}>
          {missing.list.map(({ chain, from, to }) => (
            <Range key={`${chain} ${from}`} chain={chain} from={from} to={to} />
          ))}
          {missing.holes > missing.list.length && (
            <li className="dim">{t('gateways.more', { count: missing.holes - missing.list.length })}</li>
          )}
        </Part>
      )}
      {lost.list.length > 0 && (
        <Part title={t('gateways.losses')}>
          {lost.list.map(({ chain, from, to, readings, reason, declaredMs }) => (
            <Range key={`${chain} ${from} ${declaredMs}`} chain={chain} from={from} to={to}>
              <span className="delivery-note">
                {t(`gateways.reason.${reason}`)}
                {readings !== null && ` · ${t('gateways.readings', { count: readings })}`} ·{' '}
                <span className="num">{stamp(declaredMs, live.clock.now())}</span>
              </span>
            </Range>
          ))}
          {lost.declarations > lost.list.length && (
            <li className="dim">{t('gateways.more', { count: lost.declarations - lost.list.length })}</li>
          )}
        </Part>
      )}
    </details>
  )
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="delivery-part">
      <h4>{title}</h4>
      <ul>{children}</ul>
    </div>
  )
}

function Range(props: { chain: string; from: number; to: number; children?: ReactNode }) {
  const { t } = useWords()
  const { chain, from, to, children } = props
  return (
    <li>
      <span className="num">{from === to ? from : t('gateways.range', { from, to })}</span>
      <span className="dim num">{t('gateways.chain', { chain: chain.slice(0, 6) })}</span>
      {children}
    </li>
  )
}
