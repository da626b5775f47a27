import type { Level } from '@farwatch/model'
import { useWords } from '../i18n/index.ts'
import { levelShapes } from './levels.ts'

/** A level as shape, character and colour together. `hollow` for one that has been acknowledged or has ended. */
export function LevelMark({
  level,
  size = 20,
  hollow = false,
}: {
  level: Level
  size?: number
  hollow?: boolean
}) {
  const { t } = useWords()
  const name = t(`level.${level}.full`)
  return (
    <span className="level-mark" data-level={level} data-hollow={hollow || undefined} title={name}>
      <svg viewBox="0 0 20 20" width={size} height={size} role="img" aria-label={name}>
        <path d={levelShapes[level]} />
        <text x="10" y="10.400" textAnchor="middle" dominantBaseline="central">
          {t(`level.${level}.mark`)}
        </text>
      </svg>
    </span>
  )
}
