import type { Alert, PointView } from '@farwatch/model'
import { useEffect, useRef, useState } from 'react'
import 'uplot/dist/uPlot.min.css'
import type uPlot from 'uplot'
import { useAgeText } from '../design/age.tsx'
import { formatValue } from '../design/number.ts'
import { clockTime } from '../design/time.ts'
import { useWords } from '../i18n/index.ts'
import { useValue } from '../live/hooks.ts'
import { useDark } from '../shell/preferences.ts'
import { type ChartContent, createChart, dataOf } from './chart.ts'
import { type Range, rangeNames, ranges } from './history.ts'
import { useTrend } from './use-trend.ts'

export function Trend({ point, alerts }: { point: PointView; alerts: readonly Alert[] }) {
  const { t, say, language } = useWords()
  const [range, setRange] = useState<Range>('15m')
  const dark = useDark()
  const age = useAgeText()
  const trend = useTrend(point, range)
  const value = useValue(point.key)
  const host = useRef<HTMLDivElement>(null)
  const chart = useRef<uPlot>(undefined)
  const [hover, setHover] = useState<{ timeMs: number; value: number | null }>()

  const content = useRef<ChartContent>(undefined)
  const fresh: ChartContent = {
    series: trend.series,
    window: trend.window,
    alerts: alerts
      .filter((alert) => alert.subject === point.key)
      .map((alert) => ({
        level: alert.level,
        fromMs: alert.setMs,
        toMs: alert.returnedMs ?? trend.window.toMs,
      })),
    words: {
      gap: t('trend.gap'),
      marks: {
        red: t('level.red.mark'),
        orange: t('level.orange.mark'),
        yellow: t('level.yellow.mark'),
        blue: t('level.blue.mark'),
      },
    },
  }
  if (content.current) Object.assign(content.current, fresh)
  else content.current = fresh

  // biome-ignore lint/correctness/useExhaustiveDependencies: theme and language are read when the chart is made
  useEffect(() => {
    const element = host.current
    if (!element || !content.current) return
    const made = createChart(element, point, { content: content.current, onHover: setHover })
    chart.current = made
    const resized = new ResizeObserver(() => {
      made.setSize({ width: element.clientWidth, height: element.clientHeight })
    })
    resized.observe(element)
    return () => {
      resized.disconnect()
      made.destroy()
      chart.current = undefined
    }
  }, [point.key, dark, language])

  useEffect(() => {
    chart.current?.setData(dataOf(trend.series))
  }, [trend.series])

  const shown = hover ?? (value && { timeMs: value.timeMs, value: value.value })
  const step = ranges[range].step
  const stepMs = step === '1m' ? 60_000 : 300_000
  return (
    <section className="trend" data-testid="trend" data-point={point.key} data-range={range}>
      <header>
        <div className="trend-name">
          <h3 className="clip">{say(point.name)}</h3>
          <p className="num" data-live={!hover || undefined}>
            {shown && shown.value !== null ? (
              <>
                <b>
                  {point.type === 'state'
                    ? t(shown.value ? 'value.on' : 'value.off')
                    : formatValue(shown.value)}
                </b>{' '}
                <span className="unit">{point.unit}</span>
              </>
            ) : (
              <b>—</b>
            )}
            {shown && <span className="dim">{clockTime(shown.timeMs)}</span>}
          </p>
        </div>
        <fieldset className="segments" aria-label={t('trend.range')}>
          {rangeNames.map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={name === range}
              data-testid={`range-${name}`}
              onClick={() => setRange(name)}
            >
              {t(`trend.range${name}`)}
            </button>
          ))}
        </fieldset>
      </header>
      <div className="trend-plot" ref={host} data-status={trend.status}>
        {trend.status === 'loading' && <p className="trend-note">{t('trend.loading')}</p>}
        {trend.status === 'failed' && (
          <p className="trend-note" role="alert">
            {t('trend.failed')}
            <button type="button" className="button" onClick={trend.retry}>
              {t('trend.retry')}
            </button>
          </p>
        )}
      </div>
      <footer className="dim">
        <span>{step ? t('trend.step', { step: age(stepMs) }) : t('trend.raw')}</span>
        {point.normal && (
          <span className="num">
            <i className="swatch-normal" /> {t('trend.normal')} {formatValue(point.normal[0])} –{' '}
            {formatValue(point.normal[1])} {point.unit}
          </span>
        )}
      </footer>
    </section>
  )
}
