import { useMemo } from 'react'
import type { AlertOrder } from '../alerts/order.ts'
import { Icon, Wordmark } from '../design/icons.tsx'
import { LevelMark } from '../design/level-mark.tsx'
import { isCalling, levels } from '../design/levels.ts'
import { clockTime, dayOf } from '../design/time.ts'
import { useWords } from '../i18n/index.ts'
import { useNow, useSites } from '../live/hooks.ts'
import { managePages } from '../manage/pages.ts'
import { PersonMenu } from '../session/person-menu.tsx'
import { useSession } from '../session/session.ts'
import { useSilentCount } from '../sites/use-conditions.ts'
import { Appearance } from './appearance.tsx'
import { ConnectionLamp } from './connection.tsx'
import { usePreferences } from './preferences.ts'

export function TopBar({ order, onOperator }: { order: AlertOrder; onOperator: () => void }) {
  const { t } = useWords()
  return (
    <header className="top-bar">
      <div className="brand">
        <Wordmark />
        <h1>{t('product.name')}</h1>
        <span className="brand-line dim">{t('product.tagline')}</span>
      </div>
      <Summary order={order} />
      <div className="top-right">
        <ConnectionLamp />
        <Clock />
        <Settings onOperator={onOperator} />
      </div>
    </header>
  )
}

function Summary({ order }: { order: AlertOrder }) {
  const { t } = useWords()
  const sites = useSites()
  const silent = useSilentCount()
  const counts = useMemo(
    () => levels.map((level) => ({ level, alerts: order.open.filter((alert) => alert.level === level) })),
    [order],
  )
  return (
    <div className="summary">
      <ul className="level-counts" aria-label={t('summary.levels')}>
        {counts.map(({ level, alerts }) => (
          <li
            key={level}
            data-level={level}
            data-none={alerts.length === 0 || undefined}
            data-waiting={alerts.some(isCalling) || undefined}
            title={t('level.note')}
          >
            <LevelMark level={level} size={18} hollow={!alerts.some(isCalling)} />
            <b className="num">{alerts.length}</b>
          </li>
        ))}
      </ul>
      <span className="site-counts dim num">
        {t('summary.sites', { count: sites.size })}
        {silent > 0 && <b className="silent-count"> · {t('summary.silent', { count: silent })}</b>}
      </span>
    </div>
  )
}

function Clock() {
  const nowMs = useNow()
  return (
    <time className="clock num" dateTime={new Date(nowMs).toISOString()} title={dayOf(nowMs)}>
      {clockTime(nowMs)}
    </time>
  )
}

/** Who is here: the account, or the name that somebody without one has given. */
function Settings({ onOperator }: { onOperator: () => void }) {
  const { t } = useWords()
  const { operator } = usePreferences()
  const state = useSession()
  const mayManage =
    state.kind === 'known' && managePages.some(({ action }) => state.info.actions.includes(action))
  const hasAccount = state.kind === 'known' && state.info.account !== null
  return (
    <div className="settings">
      {hasAccount ? (
        <PersonMenu />
      ) : (
        <button
          type="button"
          className="quiet operator"
          data-testid="operator"
          title={operator ? t('operator.change') : t('operator.none')}
          aria-label={operator ? t('operator.current', { name: operator }) : t('operator.none')}
          onClick={onOperator}
        >
          <Icon name="person" />
          {operator && <span className="clip">{operator}</span>}
        </button>
      )}
      {mayManage && (
        <a
          className="quiet"
          href="#/manage"
          data-testid="manage"
          title={t('manage.title')}
          aria-label={t('manage.title')}
        >
          <Icon name="manage" />
        </a>
      )}
      <Appearance />
    </div>
  )
}
