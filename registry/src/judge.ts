import { isDeepStrictEqual } from 'node:util'
import type { Change, ChangeProblem, Entity, EntityKind, MayChange } from '@farwatch/model'
import { crossCheck, unknownReference } from './checks.ts'
import type { Holdings } from './holdings.ts'
import { type Line, readLine } from './read-line.ts'
import { referencesOf } from './references.ts'
import { scopeOf } from './scope.ts'
import { kindNames } from './words.ts'

export interface Verdict {
  readonly problems: readonly ChangeProblem[]
  readonly conflicts: readonly { readonly line: number; readonly current: Entity | null }[]
  /** The lines that would really change something. */
  readonly lines: readonly Line[]
}

interface Asked {
  readonly may?: MayChange | undefined
  /** Local day of today. */
  readonly today: string
  readonly mostLines?: number | undefined
}

/** Lines of one change. */
export const maxLines = 5_000

/** What a change is told: every problem of every line. It is tried on the holdings and taken back. */
export function judge(holdings: Holdings, changes: readonly Change[], asked: Asked): Verdict {
  if (changes.length > (asked.mostLines ?? maxLines))
    return { problems: tooMany(changes.length), conflicts: [], lines: [] }
  const problems: ChangeProblem[] = []
  const conflicts: { line: number; current: Entity | null }[] = []
  const unread = new Set<string>()
  const lines: Line[] = []
  const seen = new Map<string, number>()
  for (const [at, change] of changes.entries()) {
    const outcome = readLine(change, at)
    if ('problems' in outcome) {
      problems.push(...outcome.problems)
      unread.add(`${change.kind}:${change.id}`)
      continue
    }
    const { read } = outcome
    const key = `${read.kind}:${read.id}`
    const first = seen.get(key)
    seen.set(key, first ?? at)
    const found = first === undefined ? whatIsThere(holdings, read, asked.may) : twice(read, first)
    if (found === undefined) lines.push(read)
    else if ('current' in found) conflicts.push(found)
    else problems.push(found)
    if (found !== undefined && first === undefined) unread.add(key)
  }
  const before = new Map(lines.map((line) => [line, holdings.get(line.kind, line.id)]))
  const changing = lines.filter((line) => !isDeepStrictEqual(line.value, before.get(line)?.value))
  holdings.trying(changing, () => {
    const hidden = changing.flatMap((line) => outOfReach(holdings, line, asked.may))
    const told = new Set(hidden.map(({ line }) => line))
    const around = { holdings, today: asked.today, unread, before: (line: Line) => before.get(line) }
    const visible = changing.filter(({ line }) => !told.has(line))
    problems.push(...hidden, ...crossCheck(visible, around))
  })
  return { problems: problems.sort((a, b) => a.line - b.line), conflicts, lines: changing }
}

type Found = ChangeProblem | { readonly line: number; readonly current: Entity | null }

/** What stands in the way of a line before anything is changed: another version than expected, or somebody else's area. */
function whatIsThere(holdings: Holdings, line: Line, may: MayChange | undefined): Found | undefined {
  const { kind, id, expect } = line
  const current = holdings.get(kind, id)
  const name = kindNames[kind]
  if (current !== undefined && may?.(scopeOf(holdings, kind, id)!) === false) {
    if (expect > 0) return { line: line.line, current: null }
    return {
      ...{ line: line.line, path: 'id', code: 'taken' },
      zh: `编号 ${id} 已被占用；请换一个编号`,
      en: `the id ${id} is taken; choose another one`,
    }
  }
  if (expect !== (current?.version ?? 0)) return { line: line.line, current: current ?? null }
  if (current !== undefined || line.value !== null) return undefined
  return {
    ...{ line: line.line, path: 'id', code: 'nothing-to-retire' },
    zh: `没有${name.zh} ${id}，无法停用；请核对编号`,
    en: `found no ${name.en} ${id} to retire; please check the id`,
  }
}

/** Nobody puts anything where they may not change it. What hangs on something hidden is told that it is not there. */
function outOfReach(holdings: Holdings, { line, kind, id, value }: Line, may: MayChange | undefined) {
  if (value === null || may === undefined) return []
  if (may(scopeOf(holdings, kind, id)!)) return []
  const above = referencesOf(kind, id, value).find((to) => hangsOn.includes(to.kind))
  if (above !== undefined && hangsOn.includes(above.kind) && kind !== 'site')
    return unknownReference(above).map((problem) => ({ line, ...problem }))
  return [
    {
      ...{ line, path: '', code: 'not-permitted' },
      zh: `您无权把${kindNames[kind].zh} ${id} 放在那里；请选择您管辖的区划和部门`,
      en: `you may not put ${kindNames[kind].en} ${id} there; name a jurisdiction and department of yours`,
    },
  ]
}

/** What others hang on so wholly that they lie where it lies. */
const hangsOn: readonly EntityKind[] = ['site', 'outlet', 'device', 'point']

function twice({ line, kind, id }: Line, first: number): ChangeProblem {
  return {
    ...{ line, path: 'id', code: 'twice' },
    zh: `${kindNames[kind].zh} ${id} 在第 ${first + 1} 行已出现；请保留一行`,
    en: `${kindNames[kind].en} ${id} stands in line ${first + 1} already; keep one of them`,
  }
}

function tooMany(found: number): ChangeProblem[] {
  return [
    {
      ...{ line: maxLines, path: '', code: 'too-many-lines' },
      zh: `共 ${found} 行，一次最多 ${maxLines} 行；请分批提交`,
      en: `found ${found} lines, expected at most ${maxLines}; send them in parts`,
    },
  ]
}

/** A conflict as a problem, for those who only ask. */
export function conflictProblem(
  changes: readonly Change[],
  { line, current }: { line: number; current: Entity | null },
): ChangeProblem {
  const { kind, id, expect } = changes[line]!
  const name = kindNames[kind]
  const known = current === null ? { zh: '不存在', en: 'it does not exist' } : versionOf(current)
  return {
    ...{ line, path: 'expect', code: 'conflict' },
    zh: `${name.zh} ${id}：您看到的是第 ${expect} 版，而现在${known.zh}；请按现值重新修改`,
    en: `${name.en} ${id}: you have seen version ${expect}, but ${known.en}; look at it again and repeat the change`,
  }
}

function versionOf({ version, changedBy }: Entity) {
  return {
    zh: `是第 ${version} 版（${changedBy} 修改）`,
    en: `it stands at version ${version} by ${changedBy}`,
  }
}
