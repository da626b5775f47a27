/** One value that an act has changed; undefined where there was, or is, nothing at this path. */
export interface Difference {
  /** `limits.0.value`, or empty for the whole. */
  readonly path: string
  readonly before: string | undefined
  readonly after: string | undefined
}

/** More lines help nobody. */
export const maxDifferences = 500

/** What differs between two JSON values, leaf by leaf, in the order of the newer one. */
export function differencesOf(before: unknown, after: unknown): Difference[] {
  const old = leavesOf(before)
  const found: Difference[] = []
  for (const [path, value] of leavesOf(after)) {
    if (old.get(path) !== value) found.push({ path, before: old.get(path), after: value })
    old.delete(path)
  }
  for (const [path, value] of old) found.push({ path, before: value, after: undefined })
  return found
}

function leavesOf(value: unknown): Map<string, string> {
  const leaves = new Map<string, string>()
  const walk = (one: unknown, path: string): void => {
    if (leaves.size > maxDifferences) return
    if (typeof one !== 'object' || one === null) {
      if (one !== null || path !== '') leaves.set(path, typeof one === 'string' ? one : JSON.stringify(one))
      return
    }
    for (const [key, inner] of Object.entries(one)) walk(inner, path === '' ? key : `${path}.${key}`)
  }
  walk(value, '')
  return leaves
}
