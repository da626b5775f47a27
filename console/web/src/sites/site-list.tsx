import type { Alert, Level, SiteView } from '@farwatch/model'
import { useMemo } from 'react'
import { SiteIcon } from '../design/icons.tsx'
import { LevelMark } from '../design/level-mark.tsx'
import { worstLevel } from '../design/levels.ts'
import type { en } from '../i18n/en.ts'
import { useWords } from '../i18n/index.ts'
import type { SiteCondition } from '../live/freshness.ts'
import { useAlerts, useSites } from '../live/hooks.ts'
import { useConditions } from './use-conditions.ts'

export type CountyCode = keyof typeof en.county
const counties: readonly CountyCode[] = ['341602', '341621', '341622', '341623']

export function isCounty(code: string | undefined): code is CountyCode {
  return counties.some((county) => county === code)
}

/** All sites by county, what nobody registered last; also the way to a site where no map can be drawn. */
export function SiteList({
  selected,
  onOpen,
}: {
  selected: string | undefined
  onOpen: (id: string) => void
}) {
  const { t } = useWords()
  const sites = useSites()
  const conditions = useConditions()
  const openAlerts = useOpenBySite()
  const groups = useMemo(() => groupSites(sites.values()), [sites])

  if (sites.size === 0) {
    return (
      <div className="calm">
        <p>{t('sites.none')}</p>
        <p className="dim">{t('sites.noneDetail')}</p>
      </div>
    )
  }
  return (
    <section className="site-list" aria-label={t('sites.heading')}>
      {groups.map(({ key, sites: members }) => (
        <div key={key}>
          <h3 className="rail-heading">
            {key === 'unregistered'
              ? t('sites.unregistered')
              : isCounty(key)
                ? t(`county.${key}`)
                : t('sites.elsewhere')}
            <span className="num">{members.length}</span>
          </h3>
          {key === 'unregistered' && <p className="rail-note dim">{t('sites.unregisteredNote')}</p>}
          <ul className="rows">
            {members.map((site) => (
              <SiteRow
                key={site.id}
                site={site}
                condition={conditions.get(site.id) ?? 'normal'}
                worst={worstLevel(openAlerts.get(site.id) ?? [])}
                open={openAlerts.get(site.id)?.length ?? 0}
                selected={site.id === selected}
                onOpen={onOpen}
              />
            ))}
          </ul>
        </div>
      ))}
    </section>
  )
}

interface RowProps {
  readonly site: SiteView
  readonly condition: SiteCondition
  readonly worst: Level | null
  readonly open: number
  readonly selected: boolean
  readonly onOpen: (id: string) => void
}

function SiteRow({ site, condition, worst, open, selected, onOpen }: RowProps) {
  const { t, say } = useWords()
  const points = site.devices.reduce((sum, device) => sum + device.points.length, 0)
  return (
    <li>
      <button
        type="button"
        className="site-row"
        data-testid="site-row"
        data-site={site.id}
        data-condition={condition}
        data-selected={selected || undefined}
        onClick={() => onOpen(site.id)}
      >
        <span className="site-chip" data-level={worst ?? undefined} data-condition={condition}>
          <SiteIcon kind={site.kind} />
        </span>
        <span className="site-row-body">
          <span className="clip">{say(site.name)}</span>
          <span className="dim clip">
            <span className="num">{site.id}</span> · {t(`kind.${site.kind}`)} ·{' '}
            {t('sites.points', { count: points })}
          </span>
        </span>
        {condition !== 'normal' && (
          <span className="tag" data-condition={condition}>
            {t(`condition.${condition}`)}
          </span>
        )}
        {worst && (
          <span className="site-row-worst">
            <LevelMark level={worst} size={20} />
            {open > 1 && <span className="num dim">×{open}</span>}
          </span>
        )}
      </button>
    </li>
  )
}

export function useOpenBySite(): ReadonlyMap<string, readonly Alert[]> {
  const alerts = useAlerts()
  return useMemo(() => {
    const open = new Map<string, Alert[]>()
    for (const alert of alerts.values()) {
      if (alert.state === 'normal') continue
      const list = open.get(alert.site)
      if (list) list.push(alert)
      else open.set(alert.site, [alert])
    }
    return open
  }, [alerts])
}

function groupSites(sites: Iterable<SiteView>) {
  const groups = new Map<string, SiteView[]>()
  for (const key of [...counties, 'elsewhere', 'unregistered']) groups.set(key, [])
  for (const site of sites) {
    const key = !site.registered ? 'unregistered' : isCounty(site.county) ? site.county : 'elsewhere'
    groups.get(key)!.push(site)
  }
  return [...groups]
    .filter(([, members]) => members.length > 0)
    .map(([key, members]) => ({
      key,
      sites: members.sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true })),
    }))
}
