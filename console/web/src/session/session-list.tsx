import type { SessionView } from '@farwatch/model'
import { stamp } from '../design/time.ts'
import { useWords } from '../i18n/index.ts'
import { live } from '../live/hooks.ts'

export interface OpenSession extends SessionView {
  /** The one in which this page is. */
  readonly current: boolean
}

/** Where somebody is logged in, with the way to end it. */
export function SessionList({
  sessions,
  onEnd,
}: {
  sessions: readonly OpenSession[]
  onEnd: (id: string) => void
}) {
  const { t } = useWords()
  const nowMs = live.clock.now()
  if (sessions.length === 0) return <p className="dim">{t('account.noSessions')}</p>
  return (
    <ul className="entries" data-testid="sessions">
      {sessions.map(({ id, agent, from, lastUsedMs, createdMs, current }) => (
        <li key={id}>
          <div className="row-text">
            <b className="clip">{browserOf(agent) || t('account.program')}</b>
            <span className="dim num">
              {t('account.sessionLine', {
                ...{ from, since: stamp(createdMs, nowMs), used: stamp(lastUsedMs, nowMs) },
              })}
            </span>
          </div>
          {current ? (
            <span className="tag">{t('account.thisOne')}</span>
          ) : (
            <button type="button" className="button" onClick={() => onEnd(id)}>
              {t('account.end')}
            </button>
          )}
        </li>
      ))}
    </ul>
  )
}

/** The browser and system that a User-Agent names, in its own words. */
function browserOf(agent: string): string {
  const browser = /(Edg|Firefox|HeadlessChrome|Chrome|Safari|MicroMessenger)\/(\d+)/.exec(agent)
  const system = /(Windows|Android|iPhone|iPad|Mac OS X|Linux|HarmonyOS)/.exec(agent)
  return [browser === null ? undefined : `${browser[1]} ${browser[2]}`, system?.[1]]
    .filter((part) => part !== undefined)
    .join(', ')
}
