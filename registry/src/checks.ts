import type { ChangeProblem, Entity, EntityKind, Text, ValueOf } from '@farwatch/model'
import { dayBefore, overlap } from './days.ts'
import type { Holdings } from './holdings.ts'
import { limitsOf, periodOf, siblingsOf } from './limits.ts'
import type { Line } from './read-line.ts'
import { type Reference, referencesOf, siteOf } from './references.ts'
import { kindNames, shown, someOf } from './words.ts'

export interface Surroundings {
  /** With the change in them. */
  readonly holdings: Holdings
  /** Local day of today. */
  readonly today: string
  /** `KIND:ID` of lines of the same change that could not be read: who names them is not to blame. */
  readonly unread: ReadonlySet<string>
  /** What stood there before the change. */
  readonly before: (line: Line) => Entity | undefined
}

type Problem = Omit<ChangeProblem, 'line'>
type Checks = {
  readonly [K in EntityKind]?: (
    entity: Entity<K>,
    around: Surroundings & { readonly was: Entity<K> | undefined },
  ) => Problem[]
}

/** What is wrong between the lines of a change and everything else, once they are put in. */
export function crossCheck(lines: readonly Line[], around: Surroundings): ChangeProblem[] {
  const owners = { ...around, ...ownersOf(around.holdings, lines) }
  return lines.flatMap((line) => {
    const problems =
      line.value === null
        ? stillNeeded(line, around)
        : [...missing(line, around), ...own(line.kind, line, owners)]
    return problems.map((problem) => ({ line: line.line, ...problem }))
  })
}

function own<K extends EntityKind>(kind: K, line: Line, around: Surroundings & Owners): Problem[] {
  const entity = around.holdings.get(kind, line.id)!
  const check = checks[kind] as Checks[K] | undefined
  const was = around.before(line) as Entity<K> | undefined
  return [...(check?.(entity, { ...around, was }) ?? []), ...owned(line, around)]
}

/** Nothing goes while something living refers to it. */
function stillNeeded({ kind, id }: Line, { holdings }: Surroundings): Problem[] {
  const { zh, en } = kindNames[kind]
  return Object.keys(kindNames).flatMap((of) => {
    const needing = holdings.referrers(kind, id, of as EntityKind).map((entity) => entity.id)
    if (needing.length === 0) return []
    const by = kindNames[of as EntityKind]
    return problem('', 'still-needed', {
      zh: `${zh} ${id} 仍被 ${needing.length} 个${by.zh}引用（${someOf(needing)}）；请先修改或一并停用它们`,
      en: `${en} ${id} is still named by ${needing.length} × ${by.en} (${someOf(needing)}); change or retire them first, or in the same change`,
    })
  })
}

function missing({ kind, id, value }: Line, { holdings, unread, today }: Surroundings): Problem[] {
  return referencesOf(kind, id, value!).flatMap((to) => {
    if (to.kind === 'jurisdiction' && kind !== 'jurisdiction') return abolished(to, { holdings, today })
    const known = to.loose === true || holdings.get(to.kind, to.id) !== undefined
    return known || unread.has(`${to.kind}:${to.id}`) ? [] : unknownReference(to)
  })
}

/** Also said of what exists where whoever asks may not see it. */
export function unknownReference({ kind, id, path }: Reference): Problem[] {
  const { zh, en } = kindNames[kind]
  return problem(path, 'unknown-reference', {
    zh: `没有${zh} ${shown(id)}；请先登记，或改填已登记的${zh}`,
    en: `found no ${en} ${shown(id)}; register it first, or name one that is`,
  })
}

function abolished(
  { id, path }: Reference,
  { holdings, today }: Pick<Surroundings, 'holdings' | 'today'>,
): Problem[] {
  const jurisdiction = holdings.get('jurisdiction', id)?.value
  if (jurisdiction === undefined || !isOver(jurisdiction, today)) return []
  const { validTo, successor } = jurisdiction
  return problem(path, 'abolished-jurisdiction', {
    zh: `行政区划 ${id} 已于 ${validTo} 撤销；请改为${successor === undefined ? '现行区划' : ` ${successor}`}`,
    en: `jurisdiction ${id} ended on ${validTo}; expected ${successor ?? 'one that exists today'}`,
  })
}

function isOver({ validTo }: ValueOf<'jurisdiction'>, today: string): boolean {
  return validTo !== undefined && validTo < today
}

const checks: Checks = {
  jurisdiction: ({ id, value }, { holdings, today }) => {
    const problems = inOrder('validTo', [value.validFrom, value.validTo])
    if (value.successor === id)
      problems.push(
        ...problem('successor', 'own-successor', {
          zh: `${id} 不能是自己的承继区划`,
          en: `${id} cannot succeed itself; name another jurisdiction`,
        }),
      )
    const members = (['department', 'enterprise', 'site', 'officer'] as const).flatMap((kind) =>
      holdings.referrers('jurisdiction', id, kind).map((member) => member.id),
    )
    if (isOver(value, today) && members.length > 0)
      problems.push(
        ...problem('validTo', 'has-members', {
          zh: `行政区划 ${id} 内还有 ${members.length} 项（${someOf(members)}）；请用"区划承继"一并转入承继区划`,
          en: `${members.length} things still lie in ${id} (${someOf(members)}); move them in the same change, the succession of ${id} is ready-made`,
        }),
      )
    return problems
  },
  point: ({ id, value }, { holdings }) => [
    ...ascending('range', value.range),
    ...ascending('normal', value.normal),
    ...limitsOf(holdings, id)
      .filter((limit) => limit.value.unit !== value.unit)
      .flatMap((limit) => otherUnit('unit', { found: value.unit, expected: limit.value.unit, of: limit.id })),
  ],
  limit: (limit, { holdings }) => [
    ...inOrder('validTo', [limit.value.validFrom, limit.value.validTo]),
    ...limitUnits(limit, holdings),
    ...overlaps(limit, holdings),
  ],
  calibration: ({ value }) => inOrder('expires', [value.on, value.expires]),
  review: ({ value }) => inOrder('expires', [value.on, value.expires]),
  officer: ({ value }, { today, was }) =>
    value.certificateExpires >= today || was?.value.certificateExpires === value.certificateExpires
      ? []
      : problem('certificateExpires', 'expired', {
          zh: `执法证 ${value.certificate} 已于 ${value.certificateExpires} 到期；请填写今天（${today}）或以后的有效期`,
          en: `certificate ${value.certificate} expired on ${value.certificateExpires}; expected ${today} or later`,
        }),
}

function limitUnits({ id, value }: Entity<'limit'>, holdings: Holdings): Problem[] {
  const { point, outlet, parameter } = value
  const points =
    point === undefined
      ? holdings
          .referrers('outlet', outlet ?? '', 'point')
          .filter((one) => one.value.parameter === parameter && siteOf(one.id) === siteOf(outlet ?? ''))
      : [holdings.get('point', point)].filter((one) => one !== undefined)
  const other = points.find((one) => one.value.unit !== value.unit)
  return other === undefined
    ? []
    : otherUnit('unit', { found: value.unit, expected: other.value.unit, of: other.id, at: id })
}

function overlaps(limit: Entity<'limit'>, holdings: Holdings): Problem[] {
  const { side, level } = limit.value
  const other = siblingsOf(holdings, limit.value).find(
    (one) =>
      one.id !== limit.id &&
      one.value.side === side &&
      one.value.level === level &&
      overlap(periodOf(one.value), periodOf(limit.value)),
  )
  if (other === undefined) return []
  const { validFrom, validTo, value } = other.value
  const until = dayBefore(limit.value.validFrom)
  return problem('validFrom', 'overlapping-limit', {
    zh: `与限值 ${other.id}（${value}，${validFrom} 至 ${validTo ?? '今后'}）时间重叠；请先将其截止日期改为 ${until}，或修改本限值的日期`,
    en: `overlaps limit ${other.id} (${value}, ${validFrom} to ${validTo ?? 'further notice'}); end that one on ${until}, or change the days of this one`,
  })
}

interface Owners {
  readonly cameras: ReadonlyMap<string, readonly string[]>
  readonly certificates: ReadonlyMap<string, readonly string[]>
}

/** Who bears the names that only one may bear; looked up only where the change could touch them. */
function ownersOf(holdings: Holdings, lines: readonly Line[]): Owners {
  const among = <K extends EntityKind>(kind: K, nameOf: (value: ValueOf<K>) => string | undefined) => {
    const owners = new Map<string, string[]>()
    if (!lines.some((line) => line.kind === kind)) return owners
    for (const { id, value } of holdings.list(kind)) {
      const name = nameOf(value)
      if (name !== undefined) owners.set(name, [...(owners.get(name) ?? []), id])
    }
    return owners
  }
  return {
    cameras: among('device', ({ frigateCamera }) => frigateCamera),
    certificates: among('officer', ({ certificate }) => certificate),
  }
}

function owned({ kind, id }: Line, { holdings, cameras, certificates }: Surroundings & Owners): Problem[] {
  const [path, name, owners] =
    kind === 'device'
      ? (['frigateCamera', holdings.get(kind, id)!.value.frigateCamera, cameras] as const)
      : kind === 'officer'
        ? (['certificate', holdings.get(kind, id)!.value.certificate, certificates] as const)
        : (['', undefined, cameras] as const)
  const others = name === undefined ? [] : (owners.get(name) ?? []).filter((owner) => owner !== id)
  if (others.length === 0) return []
  return problem(path, 'taken', {
    zh: `${shown(name)} 已属于 ${someOf(others)}；请核对，每个只能登记一次`,
    en: `${shown(name)} belongs to ${someOf(others)} already; each may stand once only`,
  })
}

function inOrder(path: string, [from, to]: readonly (string | undefined)[]): Problem[] {
  if (from === undefined || to === undefined || from <= to) return []
  return problem(path, 'ends-before-it-begins', {
    zh: `截止日期 ${to} 早于开始日期 ${from}；请改为同日或以后`,
    en: `found an end on ${to} before the beginning on ${from}; expected the same day or later`,
  })
}

function ascending(path: string, range: readonly [number, number] | undefined): Problem[] {
  if (range === undefined || range[0] < range[1]) return []
  return problem(path, 'range-order', {
    zh: `范围 ${range[0]} 至 ${range[1]} 的下限不小于上限；请先填较小的值`,
    en: `found a range from ${range[0]} to ${range[1]}; expected the lower end first`,
  })
}

function otherUnit(
  path: string,
  { found, expected, of, at }: { found: string; expected: string; of: string; at?: string },
): Problem[] {
  const whose = at === undefined ? '' : `${at}: `
  return problem(path, 'other-unit', {
    zh: `${whose}单位 ${shown(found)} 与 ${of} 的单位 ${shown(expected)} 不一致；请换算后统一单位`,
    en: `${whose}found unit ${shown(found)}, but ${of} has ${shown(expected)}; convert it to one unit`,
  })
}

function problem(path: string, code: string, { zh, en }: Text): Problem[] {
  return [{ path, code, zh, en }]
}
