/** What stands at a path such as `name.zh` or `range.0`. */
export function valueAt(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (at, key) =>
        typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined,
      value,
    )
}

/** The value with something else at a path; undefined takes it away, and an emptied part with it. */
export function withValueAt(value: unknown, path: string, put: unknown): unknown {
  const [key = '', ...rest] = path.split('.')
  const inner = rest.length === 0 ? put : withValueAt(valueAt(value, key), rest.join('.'), put)
  if (/^\d+$/.test(key)) {
    const list: unknown[] = Array.isArray(value) ? [...value] : []
    list[Number(key)] = inner
    return list.every((one) => one === undefined) ? undefined : Array.from(list)
  }
  const { [key]: _, ...others } = (value ?? {}) as Record<string, unknown>
  const all = inner === undefined ? others : { ...others, [key]: inner }
  return Object.keys(all).length === 0 ? undefined : all
}
