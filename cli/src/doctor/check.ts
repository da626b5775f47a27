/** What the doctor found out about one thing, in words for the person who runs the server. */
export interface Check {
  readonly name: string
  /** `skipped`: another check has to be well first. */
  readonly status: 'ok' | 'warn' | 'fail' | 'skipped'
  readonly found: string
  /** What to do; there is something to do where it is not ok. */
  readonly todo?: string
}

export const ok = (name: string, found: string): Check => ({ name, status: 'ok', found })
export const warn = (name: string, found: string, todo: string): Check => ({
  name,
  status: 'warn',
  found,
  todo,
})
export const fail = (name: string, found: string, todo: string): Check => ({
  name,
  status: 'fail',
  found,
  todo,
})
export const skipped = (name: string, found: string): Check => ({ name, status: 'skipped', found })

/** One line a check, what to do beneath it. */
export function inLines(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length))
  return checks
    .map(({ name, status, found, todo }) => {
      const line = `${status.padEnd(7)} ${name.padEnd(width)}  ${found}`
      return todo === undefined ? line : `${line}\n${' '.repeat(8 + width + 2)}→ ${todo}`
    })
    .join('\n')
}
