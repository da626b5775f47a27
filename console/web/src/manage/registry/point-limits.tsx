import type { Entity, KindFields } from '@farwatch/model'
import { LevelMark } from '../../design/level-mark.tsx'
import { dayOf } from '../../design/time.ts'
import { useWords } from '../../i18n/index.ts'
import { useMay } from '../../session/session.ts'
import { manageAddress } from '../address.ts'
import { fetchAll } from './api.ts'
import { limitState, limitsOfPoint } from './limit-periods.ts'
import { useAnswer } from './use-answer.ts'
import { useRegistryWords } from './words.ts'

const fetchLimits = () => fetchAll('limit', '')

/** The limits of a point with their periods; those in force today stand out. */
export function PointLimits({ point, kinds }: { point: Entity<'point'>; kinds: readonly KindFields[] }) {
  const t = useRegistryWords()
  const { say } = useWords()
  const mayChange = useMay('registry.change')
  const { answer } = useAnswer(fetchLimits)
  if (answer?.outcome !== 'done') return null
  const limits = limitsOfPoint(point, answer.value as readonly Entity<'limit'>[])
  const today = dayOf(Date.now())
  const levels =
    kinds.find(({ kind }) => kind === 'limit')?.fields.find(({ path }) => path === 'level')?.choices ?? []
  return (
    <section className="registry-limits" data-testid="limits">
      <h3>{t('limits.title')}</h3>
      {limits.length === 0 ? (
        <p className="dim">{t('limits.none')}</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">{t('limits.level')}</th>
              <th scope="col">{t('limits.value')}</th>
              <th scope="col">{t('limits.from')}</th>
              <th scope="col">{t('limits.to')}</th>
              <th scope="col">{t('limits.state')}</th>
            </tr>
          </thead>
          <tbody>
            {limits.map(({ id, value }) => {
              const state = limitState(value, today)
              const level = levels.find((one) => one.value === value.level)
              return (
                <tr key={id} data-state={state}>
                  <td data-level={value.level}>
                    <LevelMark level={value.level} size={16} hollow={state !== 'inForce'} />
                    <span className="sr-only">{level === undefined ? value.level : say(level.label)}</span>
                  </td>
                  <td>
                    <a href={manageAddress('registry', 'limit', id)}>
                      {t(`limits.${value.side}`, { value: value.value, unit: value.unit })}
                    </a>
                  </td>
                  <td className="num">{value.validFrom}</td>
                  <td className="num">{value.validTo ?? t('limits.open')}</td>
                  <td>
                    <span className="tag" data-state={state}>
                      {t(`limits.${state}`)}
                    </span>
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      )}
      {mayChange && (
        <a className="button" href={manageAddress('registry', 'limit', '+', point.id)}>
          {t('limits.add')}
        </a>
      )}
    </section>
  )
}
