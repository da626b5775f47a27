import type { CameraView, DeviceView } from '@farwatch/model'
import { useEffect, useState } from 'react'
import { Age, useAgeText } from '../design/age.tsx'
import { Icon } from '../design/icons.tsx'
import { stamp } from '../design/time.ts'
import { useWords, type Words } from '../i18n/index.ts'
import { zh } from '../i18n/zh.ts'
import { isPictureStale } from '../live/freshness.ts'
import { useCamera, useNow } from '../live/hooks.ts'

export function CameraCard({ device }: { device: DeviceView }) {
  const { t, say } = useWords()
  const latest = useCamera(device.camera?.device ?? '')
  const camera = latest ?? device.camera
  const nowMs = useNow()
  if (camera === null) return null
  const stale = isPictureStale(camera, nowMs)
  return (
    <figure className="camera" data-testid="camera" data-stale={stale || undefined}>
      <Picture camera={camera} name={say(device.name)} stale={stale} />
      <figcaption>
        <Icon name="camera" size={16} />
        <span className="clip">{say(device.name)}</span>
        {camera.event ? (
          <LastEvent event={camera.event} />
        ) : (
          <span className="dim">{t('camera.noEvent')}</span>
        )}
      </figcaption>
    </figure>
  )
}

function Picture({ camera, name, stale }: { camera: CameraView; name: string; stale: boolean }) {
  const { t } = useWords()
  const age = useAgeText()
  const nowMs = useNow()
  const { pictureMs, pictureUrl } = camera
  const [broken, setBroken] = useState(false)
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new picture is a new chance
  useEffect(() => setBroken(false), [pictureUrl, pictureMs])
  if (pictureMs === null || pictureUrl === null) {
    return (
      <div className="camera-frame empty">
        <Icon name="camera" size={28} />
        <p>{t('camera.none')}</p>
      </div>
    )
  }
  // The address may stay the same from picture to picture; its time makes each one new to the browser.
  const source = `${pictureUrl}${pictureUrl.includes('?') ? '&' : '?'}t=${pictureMs}`
  return (
    <div className="camera-frame">
      {broken ? (
        <p>{t('camera.broken')}</p>
      ) : (
        <img
          data-testid="camera-picture"
          data-picture-ms={pictureMs}
          src={source}
          alt={t('camera.alt', { name, time: stamp(pictureMs, nowMs) })}
          onError={() => setBroken(true)}
        />
      )}
      <span className="camera-age num">
        {stale && <b>{t('camera.stale')} · </b>}
        <Age sinceMs={pictureMs} ago />
      </span>
      {stale && <p className="camera-stale">{t('camera.staleNote', { age: age(nowMs - pictureMs) })}</p>}
    </div>
  )
}

function LastEvent({ event }: { event: NonNullable<CameraView['event']> }) {
  const words = useWords()
  const { t } = words
  return (
    <span className="camera-event num" data-label={event.label} title={t('camera.event')}>
      <b>{labelName(event.label, words)}</b>
      {event.score !== null && <span>{t('camera.score', { score: Math.round(event.score * 100) })}</span>}
      <span className="dim">
        <Age sinceMs={event.timeMs} ago />
      </span>
    </span>
  )
}

function labelName(label: string, { t }: Words): string {
  return label in zh.camera.label ? t(`camera.label.${label as keyof typeof zh.camera.label}`) : label
}
