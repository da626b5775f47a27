import {
  type Change,
  type ChangeProblem,
  EnterpriseCode,
  type EntityKind,
  enterpriseCheck,
  entities,
  JurisdictionCode,
  Name,
  PointKey,
  type ValueOf,
} from '@farwatch/model'
import type { z } from 'zod'
import { issueText } from './issue-text.ts'
import { isMade, newId } from './new-id.ts'
import { kindNames } from './words.ts'

/** A line of a change that can be understood; whether it fits the others is another question. */
export interface Line<K extends EntityKind = EntityKind> {
  readonly line: number
  readonly kind: K
  readonly id: string
  readonly expect: number
  readonly value: ValueOf<K> | null
}

/** `SITE/NAME` */
const AtSite = entities.calibration.shape.device

/** What an id of each kind looks like. */
export const idSchemas: Readonly<Record<EntityKind, z.ZodType<string>>> = {
  jurisdiction: JurisdictionCode,
  department: Name,
  enterprise: EnterpriseCode,
  site: Name,
  outlet: AtSite,
  device: AtSite,
  point: PointKey,
  limit: Name,
  calibration: Name,
  review: Name,
  officer: Name,
  item: Name,
}

/** Reads one line: its kind, its value by the kind's schema, its id. Every problem of it at once. */
export function readLine(change: Change, line: number): { read: Line } | { problems: ChangeProblem[] } {
  const { kind, expect } = change
  const schema: z.ZodType | undefined = Object.hasOwn(entities, kind) ? entities[kind] : undefined
  if (schema === undefined) {
    const kinds = Object.keys(entities)
    const text = {
      zh: `没有这种类型；要求：${kinds.join('、')} 之一`,
      en: `expected one of ${kinds.join(', ')}`,
    }
    return { problems: [{ line, path: 'kind', code: 'kind', ...text }] }
  }
  const parsed = change.value === null ? null : schema.safeParse(change.value)
  const problems = parsed === null || parsed.success ? [] : valueProblems(parsed.error, change.value, line)
  const value = parsed === null || !parsed.success ? null : (parsed.data as ValueOf<EntityKind>)
  const id = change.id === '' && isMade(kind) && value !== null ? newId(kind, value) : change.id
  // Where the value cannot be read, an id that would be made of it is not missing.
  const isMissing = change.id === '' && isMade(kind) && problems.length > 0
  const named = idSchemas[kind].safeParse(id)
  if (!named.success && !isMissing)
    problems.push(idProblem(kind, id, { line, issue: named.error.issues[0]! }))
  return problems.length > 0 ? { problems } : { read: { line, kind, id, expect, value } }
}

function valueProblems(error: z.ZodError, value: unknown, line: number): ChangeProblem[] {
  return error.issues.map((issue) => ({
    line,
    path: issue.path.map(String).join('.'),
    code: issue.code.replaceAll('_', '-'),
    ...issueText(issue, foundAt(value, issue.path)),
  }))
}

function foundAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined,
    value,
  )
}

function idProblem(
  kind: EntityKind,
  id: string,
  { line, issue }: { line: number; issue: z.core.$ZodIssue },
): ChangeProblem {
  if (kind === 'enterprise' && /^[0-9A-HJ-NPQRTUWXY]{18}$/.test(id)) {
    const [found, expected] = [id.charAt(17), enterpriseCheck(id.slice(0, 17))]
    return {
      ...{ line, path: 'id', code: 'check-character' },
      zh: `统一社会信用代码 ${id} 的校验位是 ${found}，按前 17 位应为 ${expected}；请核对营业执照`,
      en: `${id}: found check character ${found}, expected ${expected} for the first 17; please compare it with the licence`,
    }
  }
  const { zh, en } = issueText(issue, id === '' ? undefined : id)
  const name = kindNames[kind]
  return {
    ...{ line, path: 'id', code: 'id' },
    zh: `${name.zh}编号${zh}`,
    en: `id of the ${name.en}: ${en}`,
  }
}
