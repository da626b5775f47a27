import { useMemo } from 'react'
import type { AlertOrder } from '../alerts/order.ts'
import { Icon, Wordmark } from '../design/icons.tsx'
import { LevelMark } from '../design/level-mark.tsx'
import { isCalling, levels } from '../design/levels.ts'
import { clockTime, dayOf } from '../design/time.ts'
import { useWords } from '../i18n/index.ts'
import { useNow, useSites } from '../live/hooks.ts'
import { useSilentCount } from '../sites/use-conditions.ts'
import { ConnectionLamp } from './connection.tsx'
import { preferences, themes, usePreferences } from './preferences.ts'

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

const themeIcons = { system: 'system', dark: 'moon', light: 'sun' } as const
const themeNames = {
  system: 'settings.themeSystem',
  dark: 'settings.themeDark',
  light: 'settings.themeLight',
} as const

function Settings({ onOperator }: { onOperator: () => void }) {
  const { t, language } = useWords()
  const { theme, operator } = usePreferences()
  const nextTheme = themes[(themes.indexOf(theme) + 1) % themes.length]!
  return (
    <div className="settings">
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
      <button
        type="button"
        className="quiet"
        data-testid="lang"
        data-lang={language}
        lang={language === 'zh' ? 'en' : 'zh-CN'}
        onClick={() => preferences.set({ language: language === 'zh' ? 'en' : 'zh' })}
      >
        {t('settings.other')}
      </button>
      <button
        type="button"
        className="quiet"
        data-testid="theme"
        data-theme-choice={theme}
        title={`${t('settings.theme')}: ${t(themeNames[theme])}`}
        aria-label={`${t('settings.theme')}: ${t(themeNames[theme])}`}
        onClick={() => preferences.set({ theme: nextTheme })}
      >
        <Icon name={themeIcons[theme]} />
      </button>
    </div>
  )
}
