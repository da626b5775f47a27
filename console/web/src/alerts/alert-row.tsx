import type { Alert } from '@farwatch/model'
import { memo } from 'react'
import { Age, useAgeText } from '../design/age.tsx'
import { Icon } from '../design/icons.tsx'
import { LevelMark } from '../design/level-mark.tsx'
import { isCalling, isUnacknowledged } from '../design/levels.ts'
import { formatValue } from '../design/number.ts'
import { clockTime, stamp } from '../design/time.ts'
import { useWords } from '../i18n/index.ts'
import { isStale } from '../live/freshness.ts'
import { live, useNow, useSite, useValue } from '../live/hooks.ts'
import { useMay } from '../session/session.ts'
import { useAct } from './acknowledge.ts'
import { acknowledgement, endedMs, lateness } from './order.ts'

export interface AlertRowProps {
  readonly alert: Alert
  readonly selected: boolean
  /** Came while the page was open: it enters with a glow that fades by itself. */
  readonly fresh: boolean
  /** In the site's own panel the site needs no naming. */
  readonly withSite: boolean
  readonly onOpen: (alert: Alert) => void
  readonly onAcknowledge: (alert: Alert) => void
}

export const AlertRow = memo(function AlertRow(props: AlertRowProps) {
  const { alert, selected, fresh, withSite, onOpen, onAcknowledge } = props
  const { say } = useWords()
  const site = useSite(alert.site)
  const waiting = isUnacknowledged(alert)
  const siteName = site ? say(site.name) : alert.site
  return (
    <li
      className="alert-row"
      data-testid="alert-row"
      data-alert={alert.id}
      data-level={alert.level}
      data-state={alert.state}
      data-waiting={waiting || undefined}
      data-selected={selected || undefined}
      data-fresh={fresh || undefined}
      data-late={alert.late || undefined}
    >
      <LevelMark level={alert.level} size={26} hollow={!isCalling(alert)} />
      <div className="alert-body">
        <div className="alert-top">
          <button type="button" className="alert-title" onClick={() => onOpen(alert)} title={say(alert.why)}>
            {say(alert.title)}
          </button>
          <span className="alert-age num">
            {alert.state === 'normal' ? clockTime(endedMs(alert)) : <Age sinceMs={alert.setMs} />}
          </span>
        </div>
        {withSite && (
          <div className="alert-site">
            <span className="clip">{siteName}</span>
            <span className="dim num">{alert.site}</span>
          </div>
        )}
        <Lateness alert={alert} />
        <Figures alert={alert} />
        <div className="alert-foot">
          <StateText alert={alert} />
          {waiting && <Acknowledge alert={alert} onAcknowledge={onAcknowledge} />}
        </div>
        <Failure alert={alert} />
      </div>
    </li>
  )
})

/** What data that came late have to do with it, with both clocks. */
function Lateness({ alert }: { alert: Alert }) {
  const { t } = useWords()
  const about = lateness(alert)
  if (about === undefined) return null
  const now = live.clock.now()
  const times = { set: stamp(alert.setMs, now), recorded: stamp(about.recordedMs, now) }
  return (
    <div className="alert-late" data-kind={about.kind} title={t(`alerts.late.${about.kind}Why`, times)}>
      <b>{t(`alerts.late.${about.kind}`)}</b>
      <span className="dim num">{t('alerts.late.times', times)}</span>
    </div>
  )
}

function Figures({ alert }: { alert: Alert }) {
  const { t } = useWords()
  const now = useValueNow(alert)
  const { value, worst, limit, unit } = alert
  if (value === null && limit === null) return null
  const shown = now ?? value
  const low = value !== null && limit !== null && value < limit
  const showWorst = worst !== null && value !== null && worst !== value
  return (
    <div className="alert-figures num">
      {shown !== null && <b>{formatValue(shown)}</b>}
      {shown !== null && <span className="unit">{unit}</span>}
      {limit !== null && (
        <span className="dim">
          {t('alerts.limit')} {formatValue(limit)}
        </span>
      )}
      {now !== undefined && value !== null && (
        <span className="dim">
          {t('alerts.raisedAt')} {formatValue(value)}
        </span>
      )}
      {showWorst && (
        <span className="dim">
          {t(low ? 'alerts.worstLow' : 'alerts.worst')} {formatValue(worst)}
        </span>
      )}
    </div>
  )
}

/** What its point measures at the moment, while the alert is open and the value is a fresh one of the same quantity. */
function useValueNow(alert: Alert): number | undefined {
  const site = useSite(alert.site)
  const last = useValue(alert.subject)
  const nowMs = useNow()
  if (alert.state === 'normal' || last === undefined || last.value === null) return undefined
  const point = site?.devices.flatMap(({ points }) => points).find(({ key }) => key === alert.subject)
  if (point === undefined || point.unit !== alert.unit || isStale(last, point, nowMs)) return undefined
  return last.quality < 0x8000 ? last.value : undefined
}

function StateText({ alert }: { alert: Alert }) {
  const { t } = useWords()
  const age = useAgeText()
  const act = acknowledgement(alert)
  if (alert.state === 'normal') {
    return (
      <span className="alert-state dim">
        {t('alerts.lasted', { age: age((alert.returnedMs ?? endedMs(alert)) - alert.setMs) })}
        {act && <span className="clip"> · {t('alerts.acknowledgedBy', { by: act.by })}</span>}
      </span>
    )
  }
  if (act) {
    const time = stamp(act.atMs, live.clock.now())
    return (
      <span className="alert-state dim" title={t('alerts.acknowledgedAt', { by: act.by, time })}>
        <Icon name="check" size={14} />
        <span className="clip">{t('alerts.acknowledgedBy', { by: act.by })}</span>
      </span>
    )
  }
  return <span className="alert-state">{t(`state.${alert.state}`)}</span>
}

function Acknowledge({ alert, onAcknowledge }: Pick<AlertRowProps, 'alert' | 'onAcknowledge'>) {
  const { t } = useWords()
  const pending = useAct(alert.id)?.kind === 'pending'
  if (!useMay('alerts.act')) return null
  return (
    <button
      type="button"
      className="button alert-ack"
      data-testid="alert-ack"
      data-pending={pending || undefined}
      disabled={pending}
      onClick={() => onAcknowledge(alert)}
    >
      {pending && <span className="spinner" aria-hidden="true" />}
      {pending ? t('alerts.acknowledging') : t('alerts.acknowledge')}
    </button>
  )
}

function Failure({ alert }: { alert: Alert }) {
  const { t } = useWords()
  const act = useAct(alert.id)
  if (act?.kind !== 'failed' || !isUnacknowledged(alert)) return null
  return (
    <div className="alert-failure" role="alert">
      <Icon name="warn" size={14} />
      {t(`alerts.failed.${act.reason}`, { detail: act.detail })}
    </div>
  )
}
