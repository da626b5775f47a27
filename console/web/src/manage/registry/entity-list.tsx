import type { Entity, KindFields } from '@farwatch/model'
import { useDeferredValue, useEffect, useMemo, useRef, useState } from 'react'
import { Icon } from '../../design/icons.tsx'
import { useWords } from '../../i18n/index.ts'
import { useMay } from '../../session/session.ts'
import { manageAddress } from '../address.ts'
import { fetchAll } from './api.ts'
import { ExportMenu } from './export-menu.tsx'
import { placeOf, titleOf } from './title.ts'
import { useAnswer } from './use-answer.ts'
import { useRegistryWords } from './words.ts'

/** Height of one row; the same figure stands in the style sheet. */
const rowHeight = 52
/** Rows beyond the visible ones, so that scrolling shows no holes. */
const spareRows = 8

interface ListProps {
  readonly fields: KindFields
  /** Undefined: still awaited. */
  readonly entities: readonly Entity[] | undefined
  readonly selected: string | undefined
  readonly jurisdiction: string
  readonly onJurisdiction: (code: string) => void
}

export function EntityList({ fields, entities, selected, jurisdiction, onJurisdiction }: ListProps) {
  const t = useRegistryWords()
  const { language, say } = useWords()
  const mayChange = useMay('registry.change')
  const mayExport = useMay('export.make')
  const [search, setSearch] = useState('')
  const wanted = useDeferredValue(search.trim().toLowerCase())
  const shown = useMemo(
    () =>
      wanted === ''
        ? entities
        : entities?.filter((entity) =>
            `${entity.id} ${JSON.stringify(entity.value)}`.toLowerCase().includes(wanted),
          ),
    [entities, wanted],
  )
  const kind = say(fields.label)
  return (
    <section className="registry-list" aria-label={kind}>
      <div className="registry-tools">
        <h2>{kind}</h2>
        <span className="dim num registry-count" aria-live="polite" data-testid="count">
          {entities === undefined
            ? t('loading')
            : wanted === ''
              ? t('count', { count: entities.length })
              : t('found', { shown: shown?.length ?? 0, count: entities.length })}
        </span>
        <div className="registry-actions">
          {mayChange && (
            <a
              className="button primary"
              href={manageAddress('registry', fields.kind, '+')}
              data-testid="add"
            >
              <Icon name="plus" size={16} />
              {t('add')}
            </a>
          )}
          {mayChange && (
            <a className="button" href={manageAddress('registry', 'import')} data-testid="open-import">
              <Icon name="upload" size={16} />
              {t('import')}
            </a>
          )}
          {mayExport && <ExportMenu kind={fields.kind} />}
        </div>
      </div>
      <div className="registry-filters">
        <label className="registry-search">
          <Icon name="search" size={16} />
          <span className="sr-only">{t('search')}</span>
          <input
            type="search"
            value={search}
            placeholder={t('search')}
            onChange={(event) => setSearch(event.target.value)}
            data-testid="search"
          />
        </label>
        <AreaFilter value={jurisdiction} onChange={onJurisdiction} />
      </div>
      {shown?.length === 0 ? (
        <p className="registry-empty dim">
          {wanted === '' && jurisdiction === '' ? t('none', { kind }) : t('noneFound')}
        </p>
      ) : (
        <Rows
          key={`${wanted} ${entities === undefined}`}
          entities={shown ?? []}
          {...{ fields, selected, language }}
        />
      )}
    </section>
  )
}

interface RowsProps {
  readonly entities: readonly Entity[]
  readonly fields: KindFields
  readonly selected: string | undefined
  readonly language: 'zh' | 'en'
}

/** Only the rows in sight exist, so that 10,000 points scroll like ten. */
function Rows({ entities, fields, selected, language }: RowsProps) {
  const box = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ top: 0, height: 800 })
  // biome-ignore lint/correctness/useExhaustiveDependencies: it scrolls to what is open once, not while one looks around
  useEffect(() => {
    const element = box.current
    if (element === null) return
    const at = entities.findIndex(({ id }) => id === selected)
    if (at * rowHeight > element.clientHeight) element.scrollTop = (at - 3) * rowHeight
    const measure = () => setView({ top: element.scrollTop, height: element.clientHeight })
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    element.addEventListener('scroll', measure, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', measure)
    }
  }, [])
  const first = Math.max(0, Math.floor(view.top / rowHeight) - spareRows)
  const count = Math.ceil(view.height / rowHeight) + 2 * spareRows
  return (
    <div className="registry-rows" ref={box}>
      <ul>
        <li aria-hidden="true" style={{ height: first * rowHeight }} />
        {entities.slice(first, first + count).map((entity, i) => (
          <li key={entity.id} aria-setsize={entities.length} aria-posinset={first + i + 1}>
            <a
              href={manageAddress('registry', entity.kind, entity.id)}
              aria-current={entity.id === selected ? 'true' : undefined}
              data-testid="entity"
            >
              <b className="clip">{titleOf(entity, fields, language)}</b>
              <span className="dim num clip registry-place">{placeOf(entity)}</span>
              <span className="dim clip registry-id">{entity.id}</span>
            </a>
          </li>
        ))}
        <li aria-hidden="true" style={{ height: Math.max(0, entities.length - first - count) * rowHeight }} />
      </ul>
    </div>
  )
}

const fetchAreas = () => fetchAll('jurisdiction', '')

function AreaFilter({ value, onChange }: { value: string; onChange: (code: string) => void }) {
  const t = useRegistryWords()
  const { say } = useWords()
  const { answer } = useAnswer(fetchAreas)
  const areas = answer?.outcome === 'done' ? (answer.value as readonly Entity<'jurisdiction'>[]) : []
  if (areas.length === 0) return null
  return (
    <label className="registry-area">
      <span className="sr-only">{t('area')}</span>
      <select value={value} onChange={(event) => onChange(event.target.value)} data-testid="area">
        <option value="">{t('everywhere')}</option>
        {areas.map(({ id, value: area }) => (
          <option key={id} value={id}>
            {say(area.name)} {id}
          </option>
        ))}
      </select>
    </label>
  )
}
