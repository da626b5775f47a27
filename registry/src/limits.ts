import type { Entity, EvidenceGrade, Limit, PointKey } from '@farwatch/model'
import { dayOf, isIn, type Period } from './days.ts'
import type { Holdings } from './holdings.ts'
import { siteOf } from './references.ts'

/** What a limit is about: two of one subject, side and level may not hold on the same day. */
export function siblingsOf(holdings: Holdings, { point, outlet, parameter }: Limit): Entity<'limit'>[] {
  if (point !== undefined) return holdings.referrers('point', point, 'limit')
  return holdings
    .referrers('outlet', outlet ?? '', 'limit')
    .filter(({ value }) => value.parameter === parameter)
}

/** Limits that are about a point, its own before its outlet's, whenever they hold. */
export function limitsOf(holdings: Holdings, key: PointKey): Entity<'limit'>[] {
  const point = holdings.get('point', key)?.value
  if (point === undefined) return []
  const own = holdings.referrers('point', key, 'limit')
  if (point.outlet === undefined || point.parameter === undefined) return own
  const outlet = `${siteOf(key)}/${point.outlet}`
  const shared = holdings
    .referrers('outlet', outlet, 'limit')
    .filter(({ value }) => value.parameter === point.parameter)
  return [...own, ...shared]
}

export function limitsAt(holdings: Holdings, key: PointKey, atMs: number): Limit[] {
  const day = dayOf(atMs)
  return limitsOf(holdings, key)
    .map(({ value }) => value)
    .filter((limit) => isIn(periodOf(limit), day))
}

export function periodOf({ validFrom, validTo }: Limit): Period {
  return { from: validFrom, to: validTo }
}

/** See `RegistryDesk.evidenceGrade`. The newest calibration and review up to that day count, not the best ones. */
export function evidenceGrade(holdings: Holdings, device: string, atMs: number): EvidenceGrade {
  const day = dayOf(atMs)
  const review = newest(holdings.referrers('device', device, 'review'), day)
  const calibration = newest(holdings.referrers('device', device, 'calibration'), day)
  const holds =
    review?.value.grade === 'enforcement' &&
    calibration?.value.passed === true &&
    [review, calibration].every(({ value }) => isIn({ from: value.on, to: value.expires }, day))
  return { grade: holds ? 'enforcement' : 'lead', review, calibration }
}

function newest<E extends Entity<'review'> | Entity<'calibration'>>(
  all: readonly E[],
  day: string,
): E | null {
  return all
    .filter(({ value }) => value.on <= day)
    .reduce<E | null>((best, one) => (best === null || one.value.on >= best.value.on ? one : best), null)
}
