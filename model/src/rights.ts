import { z } from 'zod'
import type { Actor } from './act.ts'
import { isWithin, JurisdictionCode } from './jurisdiction.ts'
import { Name } from './names.ts'

/** 值班员, 带班领导, 执法人员, 企业安全员, 部门管理员, 监管评价员, 系统管理员. */
export const roles = [
  'operator',
  'leader',
  'inspector',
  'enterprise',
  'manager',
  'evaluator',
  'administrator',
] as const
export const Role = z.enum(roles)
export type Role = z.infer<typeof Role>

const authority: readonly Role[] = [
  'operator',
  'leader',
  'inspector',
  'manager',
  'evaluator',
  'administrator',
]
const desk: readonly Role[] = ['operator', 'leader', 'administrator']

/** Everything that can be asked of the platform, and which roles may, within their own area. */
export const actions = {
  'monitoring.read': roles,
  'pictures.read': ['operator', 'leader', 'inspector', 'manager', 'administrator'],
  'alerts.act': desk,
  'registry.read': authority,
  'registry.change': ['manager', 'administrator'],
  'accounts.read': ['administrator'],
  'accounts.change': ['administrator'],
  'audit.read': ['leader', 'manager', 'evaluator', 'administrator'],
  'export.make': ['leader', 'manager', 'evaluator', 'administrator'],
  'platform.read': ['operator', 'leader', 'manager', 'administrator'],
  'own.account': roles,
} as const satisfies Readonly<Record<string, readonly Role[]>>
export type Action = keyof typeof actions

/** One role of an account, and where it holds. */
export const Grant = z.strictObject({
  role: Role,
  /** Null: everywhere. */
  jurisdiction: JurisdictionCode.nullable(),
  /** Null: every department's. */
  department: Name.nullable(),
  /** Unified social credit code; only and always with the role `enterprise`. */
  enterprise: z.string().length(18).nullable(),
})
export type Grant = z.infer<typeof Grant>

/** Who asks, and what they may do. */
export interface Principal {
  readonly actor: Actor
  readonly grants: readonly Grant[]
}

/** What is asked about. A null is "not known" or "none": only a grant that is not limited in this respect reaches it. */
export interface Scope {
  readonly jurisdiction: JurisdictionCode | null
  /** Departments that supervise it. None: any department of the jurisdiction may. */
  readonly departments: readonly string[]
  readonly enterprise: string | null
}

/** Of what belongs to nobody in particular: only grants without limits reach it. */
export const nowhere: Scope = { jurisdiction: null, departments: [], enterprise: null }

/** The one mechanism of rights: whether somebody may do this to something there. */
export function permits(principal: Principal, action: Action, scope: Scope): boolean {
  const may: readonly Role[] = actions[action]
  return principal.grants.some((grant) => may.includes(grant.role) && reaches(grant, scope))
}

/** Whether somebody may do this anywhere at all; what they see of it is then filtered by `permits`. */
export function permitsSomewhere(principal: Principal, action: Action): boolean {
  const may: readonly Role[] = actions[action]
  return principal.grants.some((grant) => may.includes(grant.role))
}

function reaches(grant: Grant, scope: Scope): boolean {
  if (grant.role === 'enterprise' || grant.enterprise !== null)
    return grant.enterprise !== null && grant.enterprise === scope.enterprise
  if (
    grant.jurisdiction !== null &&
    (scope.jurisdiction === null || !isWithin(scope.jurisdiction, grant.jurisdiction))
  )
    return false
  return (
    grant.department === null ||
    scope.departments.includes(grant.department) ||
    (scope.departments.length === 0 && scope.jurisdiction !== null)
  )
}
