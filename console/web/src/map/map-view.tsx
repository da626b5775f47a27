import { useEffect, useMemo, useRef, useState } from 'react'
import { Icon } from '../design/icons.tsx'
import { LevelMark } from '../design/level-mark.tsx'
import { levels } from '../design/levels.ts'
import { useWords } from '../i18n/index.ts'
import { useSites } from '../live/hooks.ts'
import './map.css'
import { useDark } from '../shell/preferences.ts'
import { isCounty, SiteList, useOpenBySite } from '../sites/site-list.tsx'
import { useConditions } from '../sites/use-conditions.ts'
import { baseMap } from './basemap.ts'
import { type ConsoleConfig, chooseEngine, type EngineKind, loadEngine, type Padding } from './engine.ts'
import { siteFeatures } from './features.ts'
import { dark as darkPalette, light as lightPalette } from './palette.ts'
import { type Look, SiteMap, type Sites } from './site-map.ts'

interface Props {
  readonly selected: string | undefined
  readonly onSelect: (id: string) => void
  /** Wide pages lay the site panel over the map's right edge. */
  readonly covered: number
}

type Status =
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready'; readonly engine: EngineKind; readonly fellBack: boolean }
  | { readonly kind: 'failed'; readonly reason: string }

export default function MapView({ selected, onSelect, covered }: Props) {
  const { t } = useWords()
  const host = useRef<HTMLDivElement>(null)
  const map = useRef<SiteMap>(undefined)
  const [status, setStatus] = useState<Status>({ kind: 'loading' })
  const sites = useSiteFeatures()
  const look = useLook()
  const registry = useSites()
  const select = useRef(onSelect)
  select.current = onSelect
  const latest = useRef({ sites, look })
  latest.current = { sites, look }

  useEffect(() => {
    const element = host.current
    if (!element) return
    const abort = new AbortController()
    openMap(element, () => latest.current, abort.signal)
      .then(({ siteMap, engine, fellBack }) => {
        if (abort.signal.aborted) {
          siteMap.close()
          return
        }
        map.current = siteMap
        siteMap.onSelect((id) => select.current(id))
        siteMap.setLook(latest.current.look)
        siteMap.setSites(latest.current.sites)
        setStatus({ kind: 'ready', engine, fellBack })
      })
      .catch((cause: unknown) => {
        if (!abort.signal.aborted) {
          setStatus({ kind: 'failed', reason: cause instanceof Error ? cause.message : String(cause) })
        }
      })
    const resized = new ResizeObserver(() => map.current?.resize())
    resized.observe(element)
    return () => {
      abort.abort()
      resized.disconnect()
      map.current?.close()
      map.current = undefined
    }
  }, [])

  useEffect(() => map.current?.setSites(sites), [sites])
  useEffect(() => map.current?.setLook(look), [look])
  const padding: Padding = useMemo(() => ({ top: 0, right: covered, bottom: 0, left: 0 }), [covered])
  const place = selected === undefined ? undefined : registry.get(selected)
  const [lon, lat] = [place?.longitude ?? undefined, place?.latitude ?? undefined]
  const ready = status.kind === 'ready'
  useEffect(() => {
    if (ready) map.current?.select(lon === undefined || lat === undefined ? undefined : [lon, lat], padding)
  }, [lon, lat, padding, ready])

  return (
    <section
      className="map"
      data-testid="map"
      data-ready={ready}
      data-engine={status.kind === 'ready' ? status.engine : undefined}
      data-failed={status.kind === 'failed' || undefined}
      aria-label={t('map.label')}
    >
      <div className="map-canvas" ref={host} />
      {status.kind === 'loading' && <p className="map-loading dim">{t('map.loading')}</p>}
      {status.kind === 'failed' && <NoMap reason={status.reason} selected={selected} onSelect={onSelect} />}
      {ready && (
        <>
          <Controls map={map} padding={padding} />
          <Legend offMap={registry.size - sites.features.length} />
          {status.fellBack && <p className="map-note warn">{t('map.fellBack')}</p>}
        </>
      )}
      <SiteStates sites={sites} onSelect={onSelect} />
    </section>
  )
}

function Controls({ map, padding }: { map: { current: SiteMap | undefined }; padding: Padding }) {
  const { t } = useWords()
  const act = [
    { name: 'plus', label: t('map.zoomIn'), run: () => map.current?.zoomIn() },
    { name: 'minus', label: t('map.zoomOut'), run: () => map.current?.zoomOut() },
    { name: 'fit', label: t('map.fit'), run: () => map.current?.fit(padding) },
  ] as const
  return (
    <div className="map-controls">
      {act.map(({ name, label, run }) => (
        <button key={name} type="button" title={label} aria-label={label} onClick={run}>
          <Icon name={name} />
        </button>
      ))}
    </div>
  )
}

function Legend({ offMap }: { offMap: number }) {
  const { t } = useWords()
  return (
    <div className="map-legend">
      <ul aria-label={t('map.legend')}>
        {levels.map((level) => (
          <li key={level}>
            <LevelMark level={level} size={14} /> {t(`level.${level}.name`)}
          </li>
        ))}
        <li>
          <i className="legend-chip" data-condition="normal" /> {t('condition.normal')}
        </li>
        <li>
          <i className="legend-chip" data-condition="silent" /> {t('condition.silent')}
        </li>
      </ul>
      {offMap > 0 && <p>{t('map.offMap', { count: offMap })}</p>}
      <p>{t('map.schematic')}</p>
    </div>
  )
}

/** The map in words: for screen readers, and for whoever wants to know what is drawn. */
function SiteStates({ sites, onSelect }: { sites: Sites; onSelect: (id: string) => void }) {
  const { t } = useWords()
  return (
    <ul className="sr-only" data-testid="map-sites" aria-label={t('map.siteStates')}>
      {sites.features.map(({ properties: { id, name, level, condition, waiting } }) => (
        <li
          key={id}
          data-site={id}
          data-level={level ?? 'none'}
          data-condition={condition}
          data-waiting={waiting}
        >
          <button type="button" tabIndex={-1} onClick={() => onSelect(id)}>
            {name}: {level ? t(`level.${level}.full`) : t(`condition.${condition}`)}
          </button>
        </li>
      ))}
    </ul>
  )
}

function NoMap({ reason, selected, onSelect }: { reason: string } & Pick<Props, 'selected' | 'onSelect'>) {
  const { t } = useWords()
  return (
    <div className="no-map">
      <div role="alert">
        <p>{reason === noWebgl ? t('map.noWebgl') : t('map.failed')}</p>
        <p className="dim">{t('map.noWebglDetail', { reason })}</p>
      </div>
      <SiteList selected={selected} onOpen={onSelect} />
    </div>
  )
}

const noWebgl = 'WebGL2 context unavailable'

function hasWebgl(): boolean {
  const context = document.createElement('canvas').getContext('webgl2')
  context?.getExtension('WEBGL_lose_context')?.loseContext()
  return context !== null
}

async function openMap(
  container: HTMLElement,
  latest: () => { readonly sites: Sites; readonly look: Look },
  signal: AbortSignal,
): Promise<{ siteMap: SiteMap; engine: EngineKind; fellBack: boolean }> {
  if (!hasWebgl()) throw new Error(noWebgl)
  const config = await readConfig(signal)
  const open = async (kind: EngineKind) => {
    const engine = await loadEngine(kind)
    signal.throwIfAborted()
    const siteMap = new SiteMap(engine, { container, ...latest(), token: config.mapboxToken })
    try {
      await siteMap.ready()
    } catch (cause) {
      siteMap.close()
      throw cause
    }
    return siteMap
  }
  const kind = chooseEngine(config)
  try {
    return { siteMap: await open(kind), engine: kind, fellBack: false }
  } catch (cause) {
    if (kind === 'maplibre' || signal.aborted) throw cause
    return { siteMap: await open('maplibre'), engine: 'maplibre', fellBack: true }
  }
}

/** Without an answer the local engine serves: a map must not wait for a setting. */
async function readConfig(signal: AbortSignal): Promise<ConsoleConfig> {
  try {
    const response = await fetch('/api/config', { signal })
    if (response.ok) return (await response.json()) as ConsoleConfig
  } catch {
    signal.throwIfAborted()
  }
  return { mapboxToken: null, version: '' }
}

function useSiteFeatures(): Sites {
  const { language } = useWords()
  const sites = useSites()
  const conditions = useConditions()
  const open = useOpenBySite()
  return useMemo(
    () => siteFeatures({ sites, conditions, open }, language),
    [sites, conditions, open, language],
  )
}

function useLook(): Look {
  const { t, language } = useWords()
  const isDark = useDark()
  // biome-ignore lint/correctness/useExhaustiveDependencies: `t` follows the language
  return useMemo(
    () => ({
      palette: isDark ? darkPalette : lightPalette,
      dark: isDark,
      base: baseMap((code, chinese) => (isCounty(code) ? t(`county.${code}`) : chinese)),
      marks: {
        red: t('level.red.mark'),
        orange: t('level.orange.mark'),
        yellow: t('level.yellow.mark'),
        blue: t('level.blue.mark'),
      },
    }),
    [language, isDark],
  )
}
