import {
  type Change,
  type ChangeProblem,
  EnterpriseCode,
  type Entity,
  type EntityKind,
  type EvidenceGrade,
  entities,
  type MayChange,
  nowhere,
  type RegistryDesk,
  type Scope,
} from '@farwatch/model'

/** A registry in memory for tests of its neighbours: schemas, check characters and a few references; limits and history it has not. */
export class MemoryRegistry implements RegistryDesk {
  readonly #held = new Map<string, Entity>()
  version = 0

  list<K extends EntityKind>(kind: K): readonly Entity<K>[] {
    return [...this.#held.values()].filter((entity) => entity.kind === kind) as unknown as Entity<K>[]
  }

  get<K extends EntityKind>(kind: K, id: string): Entity<K> | undefined {
    return this.#held.get(`${kind}:${id}`) as Entity<K> | undefined
  }

  history = async () => []
  limitsAt = () => []
  evidenceGrade = (): EvidenceGrade => ({ grade: 'lead', review: null, calibration: null })
  succession = () => []
  monitored = () => ({ sites: [] })
  subscribe = () => () => {}

  scopeOf(kind: EntityKind, id: string): Scope | undefined {
    const value = this.get(kind, id)?.value
    if (value === undefined) return undefined
    return 'jurisdiction' in value ? { ...nowhere, jurisdiction: value.jurisdiction ?? null } : nowhere
  }

  check(changes: readonly Change[], may: MayChange = () => true): readonly ChangeProblem[] {
    const named = new Set(changes.map(({ kind, id }) => `${kind}:${id}`))
    return changes.flatMap(({ kind, id, value }, line) => {
      const problem = (path: string, code: string): ChangeProblem => ({
        ...{ line, path, code, zh: `${path}：${code}`, en: `${path}: ${code}` },
      })
      const parsed = entities[kind].safeParse(value)
      if (!parsed.success)
        return parsed.error.issues.map((issue) => problem(issue.path.join('.'), issue.code))
      if (kind === 'enterprise' && !EnterpriseCode.safeParse(id).success)
        return [problem('id', 'check-character')]
      const read = parsed.data as { jurisdiction?: string; enterprise?: string }
      if (read.jurisdiction !== undefined && !may({ ...nowhere, jurisdiction: read.jurisdiction }))
        return [problem('jurisdiction', 'not-allowed')]
      const [site] = id.split('/')
      const wanted: [string, string][] = []
      if (read.enterprise !== undefined) wanted.push(['enterprise', `enterprise:${read.enterprise}`])
      if (id.includes('/')) wanted.push(['id', `site:${site}`])
      return wanted
        .filter(([, key]) => !this.#held.has(key) && !named.has(key))
        .map(([path]) => problem(path, 'unknown-reference'))
    })
  }

  async change(changes: readonly Change[], { actor, may }: Parameters<RegistryDesk['change']>[1]) {
    const conflicts = changes.flatMap(({ kind, id, expect }, line) => {
      const current = this.get(kind, id) ?? null
      return (current?.version ?? 0) === expect ? [] : [{ line, current }]
    })
    if (conflicts.length > 0) return { outcome: 'conflict' as const, conflicts }
    const problems = this.check(changes, may)
    if (problems.length > 0) return { outcome: 'refused' as const, problems }
    this.version++
    const done = changes.map(({ kind, id, expect, value }, line): Entity => {
      const made = id === '' ? `made-${this.version}-${line}` : id
      const parsed = entities[kind].parse(value)
      return {
        kind,
        id: made,
        version: expect + 1,
        value: parsed,
        changedMs: Date.now(),
        changedBy: actor.name,
      }
    })
    for (const entity of done) this.#held.set(`${entity.kind}:${entity.id}`, entity)
    return { outcome: 'done' as const, version: this.version, entities: done }
  }
}
