import { type Entity, type EntityKind, entityKinds, type ValueOf } from '@farwatch/model'
import { referencesOf } from './references.ts'

/** Something that the registry holds, or held once: what is retired keeps its last value and its numbers. */
export interface Holding<K extends EntityKind = EntityKind> {
  readonly kind: K
  readonly id: string
  /** Rank of its first appearance: the order in which pages list what a site has. */
  readonly order: number
  /** The newest value, of a retired one the last. */
  readonly entity: Entity<K>
  readonly retired: boolean
  /** Of the newest change of it, its retirement included. */
  readonly version: number
  /** Sequence numbers of the acts that changed it. */
  readonly acts: readonly number[]
}

/** One value put in, as an act says it. */
export interface Put<K extends EntityKind = EntityKind> {
  readonly kind: K
  readonly id: string
  /** Null: retired. */
  readonly value: ValueOf<K> | null
  readonly version: number
  readonly atMs: number
  readonly by: string
  /** The act; 0 while it is only tried. */
  readonly seq: number
}

/** What the registry holds, with everything that refers to each. Only `put` changes it, and every put can be taken back. */
export class Holdings {
  readonly #byKind = new Map<EntityKind, Map<string, Holding>>(entityKinds.map((kind) => [kind, new Map()]))
  readonly #referrers = new Map<string, Set<string>>()
  readonly #lists = new Map<EntityKind, readonly Entity[]>()
  #order = 0

  /** Living or retired. */
  holding<K extends EntityKind>(kind: K, id: string): Holding<K> | undefined {
    return this.#byKind.get(kind)?.get(id) as Holding<K> | undefined
  }

  get<K extends EntityKind>(kind: K, id: string): Entity<K> | undefined {
    const holding = this.holding(kind, id)
    return holding === undefined || holding.retired ? undefined : holding.entity
  }

  /** The living ones by id. */
  list<K extends EntityKind>(kind: K): readonly Entity<K>[] {
    let list = this.#lists.get(kind)
    if (list === undefined) {
      list = Array.from(this.#byKind.get(kind)!.values())
        .filter(({ retired }) => !retired)
        .map(({ entity }) => entity)
        .sort((a, b) => (a.id < b.id ? -1 : 1))
      this.#lists.set(kind, list)
    }
    return list as readonly Entity<K>[]
  }

  /** The living ones in the order in which they appeared. */
  inOrder<K extends EntityKind>(kind: K): Entity<K>[] {
    return Array.from(this.#byKind.get(kind)!.values() as Iterable<Holding<K>>)
      .filter(({ retired }) => !retired)
      .sort((a, b) => a.order - b.order)
      .map(({ entity }) => entity)
  }

  /** Living ones of a kind that name this one, in the order in which they appeared. */
  referrers<K extends EntityKind>(kind: EntityKind, id: string, of: K): Entity<K>[] {
    const ids = this.#referrers.get(link(kind, id, of))
    if (ids === undefined) return []
    return Array.from(ids, (referrer) => this.holding(of, referrer)!)
      .sort((a, b) => a.order - b.order)
      .map(({ entity }) => entity)
  }

  /** The number that the next change of something gets. */
  nextVersion(kind: EntityKind, id: string): number {
    return (this.holding(kind, id)?.version ?? 0) + 1
  }

  /** Tries values, asks, and takes them back. */
  trying<T>(values: readonly Pick<Put, 'kind' | 'id' | 'value'>[], ask: () => T): T {
    const back = values.map((one) =>
      this.put({ ...one, version: this.nextVersion(one.kind, one.id), atMs: 0, by: '', seq: 0 }),
    )
    try {
      return ask()
    } finally {
      for (const undo of back.reverse()) undo()
    }
  }

  /** Takes a value in; returns the way back, which is good only as long as nothing else was put in. */
  put<K extends EntityKind>({ kind, id, value, version, atMs, by, seq }: Put<K>): () => void {
    const held = this.#byKind.get(kind)!
    const before = this.holding(kind, id)
    if (value === null && before === undefined) return () => {}
    const entity: Entity<K> =
      value === null ? before!.entity : { kind, id, version, value, changedMs: atMs, changedBy: by }
    const order = before?.order ?? this.#order++
    const acts = before === undefined ? [seq] : [...before.acts, seq]
    const after: Holding<K> = { kind, id, order, entity, retired: value === null, version, acts }
    held.set(id, after)
    this.#relink(before, after)
    return () => {
      if (before === undefined) held.delete(id)
      else held.set(id, before)
      this.#relink(after, before)
    }
  }

  /** The same values as today's schemas read them. */
  refresh(read: <K extends EntityKind>(entity: Entity<K>) => ValueOf<K> | undefined): void {
    for (const held of this.#byKind.values()) {
      for (const holding of held.values()) {
        const value = holding.retired ? undefined : read(holding.entity)
        if (value === undefined) continue
        const after = { ...holding, entity: { ...holding.entity, value } }
        held.set(holding.id, after)
        this.#relink(holding, after)
      }
    }
  }

  #relink(before: Holding | undefined, after: Holding | undefined): void {
    const { kind, id } = (after ?? before)!
    this.#lists.delete(kind)
    const old = linksOf(before)
    const now = linksOf(after)
    for (const key of old) {
      if (now.includes(key)) continue
      const ids = this.#referrers.get(key)
      ids?.delete(id)
      if (ids?.size === 0) this.#referrers.delete(key)
    }
    for (const key of now) {
      const ids = this.#referrers.get(key)
      if (ids === undefined) this.#referrers.set(key, new Set([id]))
      else ids.add(id)
    }
  }
}

function linksOf(holding: Holding | undefined): string[] {
  if (holding === undefined || holding.retired) return []
  const { kind, id, entity } = holding
  return referencesOf(kind, id, entity.value).map((to) => link(to.kind, to.id, kind))
}

function link(kind: EntityKind, id: string, of: EntityKind): string {
  return `${of}>${kind}:${id}`
}
