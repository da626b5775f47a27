import { isDeepStrictEqual } from 'node:util'
import {
  type Change,
  type ChangeProblem,
  EnterpriseCode,
  type EntityKind,
  entities,
  JurisdictionCode,
  type Registry as MonitoredRegistry,
  Name,
  pointKey,
  type Site,
} from '@farwatch/model'
import type { Logger } from '@farwatch/runtime'
import { z } from 'zod'
import type { Desk } from './desk.ts'
import { isMade, newId } from './new-id.ts'
import { someOf } from './words.ts'

/** `supervision.yaml`: who supervises what, beside what registry.yaml says is monitored. */
export const SupervisionFile = z.strictObject({
  jurisdictions: z.array(entities.jurisdiction.extend({ id: JurisdictionCode })).default([]),
  departments: z.array(entities.department.extend({ id: Name })).default([]),
  enterprises: z.array(entities.enterprise.extend({ id: EnterpriseCode })).default([]),
  officers: z.array(entities.officer.extend({ id: Name })).default([]),
  items: z.array(entities.item.extend({ id: Name })).default([]),
  /** Whose the sites of registry.yaml are. */
  sites: z
    .array(
      entities.site.pick({ enterprise: true, departments: true, jurisdiction: true }).extend({ id: Name }),
    )
    .default([]),
  calibrations: z.array(entities.calibration).default([]),
  reviews: z.array(entities.review).default([]),
})
export type SupervisionFile = z.infer<typeof SupervisionFile>

export interface Files {
  readonly registry: MonitoredRegistry
  readonly supervision: SupervisionFile
}

/** The limits of registry.yaml say no day: they have always held. */
const always = '2000-01-01'
const fromFiles = { zh: '配置文件', en: 'from the configuration files' }
/** Lines of one act: half a megabyte or so. */
const linesAtOnce = 1_000

/**
 * Takes what the files say and the registry has never known into it. What people have changed or retired since stays
 * theirs; where the files say otherwise the log says so.
 */
export async function plant(desk: Desk, files: Files, log: Logger): Promise<void> {
  const wanted = changesOf(files)
  const known = wanted.filter(({ kind, id }) => desk.knows(kind, id))
  const other = known.filter(
    ({ kind, id, value }) => !isDeepStrictEqual(desk.get(kind, id)?.value, read(kind, value)),
  )
  if (other.length > 0)
    log.info(
      { entries: other.length, such: someOf(other.map(({ kind, id }) => `${kind} ${id}`)) },
      'the configuration files say otherwise than the registry; what was changed there holds',
    )
  const news = wanted.filter(({ kind, id }) => !desk.knows(kind, id))
  const sound = withoutFaults(desk, news, log)
  for (let start = 0; start < sound.length; start += linesAtOnce) {
    const outcome = await desk.change(sound.slice(start, start + linesAtOnce), {
      actor: { account: 'system', name: '', via: 'system', from: null },
      reason: `${fromFiles.zh} · ${fromFiles.en}`,
    })
    if (outcome.outcome !== 'done') throw new Error(`what was just found sound is ${outcome.outcome} now`)
  }
}

/** A file's mistake keeps the platform from nothing: the line is left out, with what hangs on it, and told. */
function withoutFaults(desk: Desk, changes: readonly Change[], log: Logger): readonly Change[] {
  let sound = changes
  for (;;) {
    const problems = checkAll(desk, sound)
    if (problems.length === 0) return sound
    const faulty = new Set(problems.map(({ line }) => line))
    for (const { line, path, en } of problems.slice(0, 20)) {
      const { kind, id } = sound[line]!
      log.warn(
        { kind, id, path, problem: en },
        'an entry of the configuration files is left out of the registry',
      )
    }
    sound = sound.filter((_, line) => !faulty.has(line))
  }
}

function checkAll(desk: Desk, changes: readonly Change[]): ChangeProblem[] {
  return desk.check(changes, undefined, Number.POSITIVE_INFINITY)
}

function read(kind: EntityKind, value: unknown): unknown {
  const { success, data } = entities[kind].safeParse(value)
  return success ? data : value
}

/** Everything that the files say, in an order in which each stands behind what it names. */
function changesOf({ registry, supervision }: Files): Change[] {
  const add = (kind: EntityKind, id: string, value: unknown): Change => ({ kind, id, expect: 0, value })
  const made = (kind: EntityKind, value: unknown): Change =>
    add(kind, isMade(kind) ? newId(kind, value) : '', value)
  const { jurisdictions, departments, enterprises, officers, items, sites, calibrations, reviews } =
    supervision
  const whose = new Map(sites.map(({ id, ...rest }) => [id, rest]))
  const all = (kind: EntityKind, list: readonly { readonly id: string }[]) =>
    list.map(({ id, ...value }) => add(kind, id, value))
  return [
    ...all('jurisdiction', jurisdictions),
    ...all('department', departments),
    ...all('enterprise', enterprises),
    ...all('officer', officers),
    ...all('item', items),
    ...registry.sites.flatMap((site) => [
      add('site', site.id, { ...siteValue(site), ...whose.get(site.id) }),
      ...site.devices.flatMap(({ id, points, ...device }) => [
        add('device', `${site.id}/${id}`, device),
        ...points.flatMap(({ metric, limits, ...point }) => {
          const key = pointKey(site.id, id, metric)
          return [
            add('point', key, point),
            ...limits.map(({ value, level }) => {
              const side = point.normal !== undefined && value < point.normal[0] ? 'below' : 'above'
              const limit = { point: key, side, value, unit: point.unit, level, validFrom: always }
              return made('limit', limit)
            }),
          ]
        }),
      ]),
    ]),
    ...calibrations.map((one) => made('calibration', one)),
    ...reviews.map((one) => made('review', one)),
  ]
}

function siteValue({ id: _, devices: __, county, ...site }: Site): object {
  return county === undefined ? site : { ...site, jurisdiction: county }
}
