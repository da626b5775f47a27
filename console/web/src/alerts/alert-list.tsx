import type { Alert } from '@farwatch/model'
import { useEffect, useMemo, useRef, useState } from 'react'
import { isCalling, isUnacknowledged } from '../design/levels.ts'
import { useWords } from '../i18n/index.ts'
import { useConnection, useSites } from '../live/hooks.ts'
import { AlertRow } from './alert-row.tsx'
import type { AlertOrder } from './order.ts'
import { useKeys } from './use-keys.ts'

interface Props {
  readonly order: AlertOrder
  readonly onOpen: (alert: Alert) => void
  readonly onAcknowledge: (alert: Alert) => void
}

export function AlertList({ order, onOpen, onAcknowledge }: Props) {
  const { t, say } = useWords()
  const list = useRef<HTMLDivElement>(null)
  const [selectedId, setSelectedId] = useState<string>()
  const known = useKnownIds(order.open)
  const selected = order.open.find((alert) => alert.id === selectedId)
  const sites = useSites()
  const newest = order.open.find((alert) => !known.has(alert.id) && isCalling(alert))

  const move = (step: 1 | -1) => {
    const at = order.open.findIndex((alert) => alert.id === selectedId)
    const next = order.open[at < 0 ? 0 : Math.min(Math.max(at + step, 0), order.open.length - 1)]
    setSelectedId(next?.id)
    list.current?.querySelector(`[data-alert="${next?.id}"]`)?.scrollIntoView({ block: 'nearest' })
  }
  const openSelected = () => {
    if (selected) onOpen(selected)
  }
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    a: () => {
      const target = selected ?? order.open[0]
      if (target && isUnacknowledged(target)) onAcknowledge(target)
    },
    Enter: openSelected,
  })

  const rows = (alerts: readonly Alert[]) =>
    alerts.map((alert) => (
      <AlertRow
        key={alert.id}
        alert={alert}
        selected={alert.id === selectedId}
        fresh={isCalling(alert) && !known.has(alert.id)}
        withSite
        onOpen={onOpen}
        onAcknowledge={onAcknowledge}
      />
    ))

  return (
    <section className="alert-list" ref={list} aria-label={t('alerts.region')}>
      <p className="sr-only" aria-live="assertive">
        {newest &&
          t('alerts.announce', {
            level: t(`level.${newest.level}.name`),
            site: say(sites.get(newest.site)?.name ?? { zh: newest.site, en: newest.site }),
            title: say(newest.title),
          })}
      </p>
      {order.open.length === 0 ? <Calm /> : <ul className="rows">{rows(order.open)}</ul>}
      {order.closed.length > 0 && (
        <>
          <h3 className="rail-heading">{t('alerts.closed')}</h3>
          <ul className="rows rows-closed">{rows(order.closed)}</ul>
        </>
      )}
    </section>
  )
}

function Calm() {
  const { t } = useWords()
  const sites = useSites()
  const waiting = useConnection().kind === 'connecting'
  const points = useMemo(() => {
    let count = 0
    for (const site of sites.values()) for (const device of site.devices) count += device.points.length
    return count
  }, [sites])
  return (
    <div className="calm">
      <svg viewBox="0 0 96 40" width="96" height="40" aria-hidden="true">
        <path d="M2 26c10 0 12-8 22-8s12 8 24 8 14-8 24-8 12 8 22 8" />
        <path d="M2 34c10 0 12-8 22-8s12 8 24 8 14-8 24-8 12 8 22 8" opacity=".45" />
      </svg>
      <p>{waiting ? t('alerts.emptyWaiting') : t('alerts.empty')}</p>
      {!waiting && <p className="dim">{t('alerts.emptyDetail', { sites: sites.size, points })}</p>}
    </div>
  )
}

/**
 * The alerts that are no news: those of the first snapshot at once, the others when their entrance is over. A page that
 * has just loaded does not glow all over.
 */
function useKnownIds(open: readonly Alert[]): ReadonlySet<string> {
  const loaded = useConnection().kind !== 'connecting'
  const [known, setKnown] = useState<ReadonlySet<string> | undefined>()
  const started = known !== undefined
  const ids = open.map((alert) => alert.id).join()
  useEffect(() => {
    if (!loaded) return
    if (!started) {
      setKnown(new Set(ids.split(',')))
      return
    }
    const timer = setTimeout(() => setKnown(new Set(ids.split(','))), 8_000)
    return () => clearTimeout(timer)
  }, [ids, loaded, started])
  return known ?? new Set(ids.split(','))
}
