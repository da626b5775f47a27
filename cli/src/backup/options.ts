import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Environment, orUsage, usage } from '../options.ts'

/** @throws FarwatchError `bad-usage`. */
export function backupOptions(
  args: readonly string[],
  environment: Environment,
): { home: string; to: string } {
  const { values } = orUsage(() =>
    parseArgs({ args: [...args], options: { home: { type: 'string' }, to: { type: 'string' } } }),
  )
  if (values.to === undefined) throw usage('farwatch backup: --to FILE or --to FOLDER is missing')
  return { home: resolve(values.home ?? environment.FARWATCH_HOME ?? 'data'), to: resolve(values.to) }
}

/** @throws FarwatchError `bad-usage`. */
export function restoreOptions(args: readonly string[], environment: Environment) {
  const { values, positionals } = orUsage(() =>
    parseArgs({
      args: [...args],
      options: { home: { type: 'string' }, database: { type: 'string' } },
      allowPositionals: true,
    }),
  )
  const [file, tooMany] = positionals
  if (file === undefined || tooMany !== undefined)
    throw usage('farwatch restore: expected one file, a backup')
  if (values.home === undefined)
    throw usage('farwatch restore: --home DIR is missing: an empty or new folder')
  const databaseUrl = values.database ?? (environment.DATABASE_URL || undefined)
  return { file: resolve(file), home: resolve(values.home), databaseUrl }
}
