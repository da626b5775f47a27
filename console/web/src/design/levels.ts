import type { Alert, Level } from '@farwatch/model'

/** Worst first. The model's own list would bring its schema library into the page. */
export const levels = ['red', 'orange', 'yellow', 'blue'] as const satisfies readonly Level[]

export function rankOf(level: Level): number {
  return levels.indexOf(level)
}

/** Of what is so now: a late finding, which was over when it was found, colours nothing. */
export function worstLevel(alerts: Iterable<Alert>): Level | null {
  let worst: Level | null = null
  for (const alert of alerts) {
    if (alert.late) continue
    if (worst === null || rankOf(alert.level) < rankOf(worst)) worst = alert.level
  }
  return worst
}

export function isUnacknowledged(alert: Alert): boolean {
  return alert.state === 'unacknowledged' || alert.state === 'returned-unacknowledged'
}

/** Whether it calls for somebody at once: a late finding waits to be looked at, but it does not call. */
export function isCalling(alert: Alert): boolean {
  return isUnacknowledged(alert) && !alert.late
}

/** A silhouette for each level, in a box of 20: octagon, hexagon, square, circle. Colour alone never tells. */
export const levelShapes: Readonly<Record<Level, string>> = {
  red: 'M6.3 1h7.400L19 6.300v7.400L13.700 19H6.300L1 13.700V6.300z',
  orange: 'M10 .5 18.700 5.250v9.500L10 19.500 1.300 14.750v-9.500z',
  yellow:
    'M4 1.500h12A2.500 2.500 0 0 1 18.500 4v12a2.500 2.500 0 0 1-2.500 2.500H4A2.500 2.500 0 0 1 1.500 16V4A2.500 2.500 0 0 1 4 1.500z',
  blue: 'M10 .8a9.200 9.200 0 1 1 0 18.400A9.200 9.200 0 0 1 10 .8z',
}
