import type { Entity } from '@farwatch/model'

export type LimitState = 'inForce' | 'later' | 'over'

/** Whether a limit holds on a local day, `2026-11-23`. */
export function limitState({ validFrom, validTo }: Entity<'limit'>['value'], today: string): LimitState {
  if (validFrom > today) return 'later'
  return validTo !== undefined && validTo < today ? 'over' : 'inForce'
}

/** The limits of a point, its own and those of its outlet, the newest first. */
export function limitsOfPoint(point: Entity<'point'>, limits: readonly Entity<'limit'>[]): Entity<'limit'>[] {
  const outlet =
    point.value.outlet === undefined ? undefined : `${point.id.split('/')[0]}/${point.value.outlet}`
  return limits
    .filter(
      ({ value }) =>
        value.point === point.id ||
        (outlet !== undefined && value.outlet === outlet && value.parameter === point.value.parameter),
    )
    .sort((a, b) => (a.value.validFrom < b.value.validFrom ? 1 : -1))
}
