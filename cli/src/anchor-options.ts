import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Environment, orUsage, usage } from './options.ts'

/** One of the `farwatch anchor` commands. */
export type AnchorOptions =
  | { readonly act: 'now'; readonly home: string }
  | {
      readonly act: 'verify'
      readonly folder: string
      /** File with public keys of the centre. */
      readonly keys: string
      /** PEM file with roots of timestamp authorities. */
      readonly roots: string | undefined
    }

/** @throws FarwatchError `bad-usage`. */
export function anchorOptions(args: readonly string[], environment: Environment): AnchorOptions {
  const { values, positionals } = orUsage(() =>
    parseArgs({
      args: [...args],
      options: { home: { type: 'string' }, keys: { type: 'string' }, 'tsa-roots': { type: 'string' } },
      allowPositionals: true,
    }),
  )
  const [act, folder, tooMany] = positionals
  if (act === 'now' && folder === undefined)
    return { act, home: resolve(values.home ?? environment.FARWATCH_HOME ?? 'data') }
  if (act === 'verify' && folder !== undefined && tooMany === undefined) {
    if (values.keys === undefined) throw usage('farwatch anchor verify: --keys FILE is missing')
    const roots = values['tsa-roots']
    return {
      ...{ act, folder: resolve(folder), keys: resolve(values.keys) },
      roots: roots === undefined ? undefined : resolve(roots),
    }
  }
  throw usage('farwatch anchor: expected "now" or "verify FOLDER --keys FILE"')
}
