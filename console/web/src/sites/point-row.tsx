import type { LastValue, PointView, Quality } from '@farwatch/model'
import { memo } from 'react'
import { Age } from '../design/age.tsx'
import { formatValue } from '../design/number.ts'
import { stamp } from '../design/time.ts'
import { useWords, type Words } from '../i18n/index.ts'
import { zh } from '../i18n/zh.ts'
import { isStale, valueTimeMs } from '../live/freshness.ts'
import { useNow, useValue } from '../live/hooks.ts'

export const PointRow = memo(function PointRow({
  point,
  selected,
  onSelect,
}: {
  point: PointView
  selected: boolean
  onSelect: (key: string) => void
}) {
  const { t, say } = useWords()
  const value = useValue(point.key)
  return (
    <li>
      <button
        type="button"
        className="point-row"
        aria-pressed={selected}
        aria-label={t('trend.select', { name: say(point.name) })}
        data-point={point.key}
        onClick={() => onSelect(point.key)}
      >
        <span className="point-name">
          <span className="clip">{say(point.name)}</span>
          {!point.registered && (
            <span className="tag" data-condition="unregistered">
              {t('condition.unregistered')}
            </span>
          )}
        </span>
        {value ? <Reading point={point} value={value} /> : <Nothing point={point} />}
      </button>
    </li>
  )
})

function Nothing({ point }: { point: PointView }) {
  const { t } = useWords()
  return (
    <>
      <span className="point-value dim" data-testid={`value-${point.key}`}>
        —
      </span>
      <span className="point-age dim" data-testid={`value-age-${point.key}`}>
        {t('value.none')}
      </span>
    </>
  )
}

function Reading({ point, value }: { point: PointView; value: LastValue }) {
  const words = useWords()
  const { t } = words
  const nowMs = useNow()
  const stale = isStale(value, point, nowMs)
  const severity = value.quality < 0x4000 ? 'good' : value.quality < 0x8000 ? 'uncertain' : 'bad'
  const over = severity === 'bad' ? null : levelPassed(point, value.value)
  const times = `${t('age.measured', { time: stamp(value.timeMs, nowMs) })} · ${t('age.received', { time: stamp(value.receivedMs, nowMs) })}`
  return (
    <>
      <span
        className="point-value num"
        data-testid={`value-${point.key}`}
        data-quality={severity}
        data-stale={stale || undefined}
        data-level={over ?? undefined}
        data-empty={value.value === null || undefined}
      >
        <b>{valueText(point, value.value, words)}</b>
        <span className="unit">{value.value === null ? '' : point.unit}</span>
      </span>
      <span
        className="point-age num"
        data-testid={`value-age-${point.key}`}
        data-stale={stale || undefined}
        title={stale ? `${t('value.staleNote')} · ${times}` : times}
      >
        {stale && <span className="stale-word">{t('value.stale')}</span>}
        <Age sinceMs={valueTimeMs(value)} ago={!stale} />
      </span>
      {severity !== 'good' && (
        <span className="point-quality" data-quality={severity}>
          {qualityName(value.quality, words)}
        </span>
      )}
    </>
  )
}

function valueText(point: PointView, value: number | null, { t }: Words): string {
  if (value === null) return t('value.noValue')
  if (point.type === 'state') return t(value ? 'value.on' : 'value.off')
  return formatValue(value)
}

/** The named status where there is one, else its severity with the code in hexadecimal. */
function qualityName(quality: Quality, { t }: Words): string {
  const key = String(quality)
  if (key in zh.quality) return t(`quality.${key as keyof typeof zh.quality}`)
  return `${t(quality < 0x8000 ? 'quality.uncertain' : 'quality.bad')} 0x${quality.toString(16).toUpperCase()}`
}

/** The outermost limit passed. A limit below the middle of the normal range is a lower one: the registry has no direction. */
function levelPassed(point: PointView, value: number | null) {
  if (value === null) return null
  const middle = point.normal ? (point.normal[0] + point.normal[1]) / 2 : Number.NEGATIVE_INFINITY
  const passed = point.limits
    .filter((limit) => (limit.value >= middle ? value >= limit.value : value <= limit.value))
    .sort((a, b) => Math.abs(b.value - middle) - Math.abs(a.value - middle))
  return passed[0]?.level ?? null
}
