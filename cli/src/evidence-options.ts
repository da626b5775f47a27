import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Language, Selection } from '@farwatch/evidence'
import { isName, isPointKey } from '@farwatch/model'
import { type Environment, orUsage, timeOf, usage } from './options.ts'

export interface ExportOptions {
  readonly home: string
  readonly out: string
  readonly selection: Selection
  /** The log of acts instead of the originals. */
  readonly acts: boolean
}

/** @throws FarwatchError `bad-usage`. */
export function exportOptions(args: readonly string[], environment: Environment): ExportOptions {
  const { values } = orUsage(() =>
    parseArgs({
      args: [...args],
      options: {
        home: { type: 'string' },
        out: { type: 'string' },
        from: { type: 'string' },
        to: { type: 'string' },
        gateway: { type: 'string' },
        site: { type: 'string' },
        point: { type: 'string' },
        acts: { type: 'boolean', default: false },
      },
    }),
  )
  const { out, from, to, gateway, site, point } = values
  if (out === undefined) throw usage('farwatch export: --out FILE.zip is missing')
  if ([gateway, site, point].filter((one) => one !== undefined).length > 1)
    throw usage('farwatch export: take one of --gateway, --site and --point')
  if (values.acts && (gateway ?? site ?? point) !== undefined)
    throw usage('farwatch export: --acts takes --from and --to; acts belong to no gateway, site or point')
  for (const name of [gateway, site])
    if (name !== undefined && !isName(name)) throw usage(`farwatch export: "${name}" cannot be a name`)
  if (point !== undefined && !isPointKey(point))
    throw usage(`--point: found "${point}", expected SITE/DEVICE/METRIC`)
  const time = (option: string, text: string | undefined) =>
    text === undefined ? undefined : new Date(timeOf(option, text)).toISOString()
  const all = { from: time('--from', from), to: time('--to', to), gateway, site, point }
  const selection = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
  return {
    home: resolve(values.home ?? environment.FARWATCH_HOME ?? 'data'),
    out: resolve(out),
    selection,
    acts: values.acts,
  }
}

export interface VerifyOptions {
  readonly file: string
  /** File with the public keys of those who are to be believed. */
  readonly keys: string | undefined
  /** PEM file with roots of timestamp authorities. */
  readonly roots: string | undefined
  /** Folder of anchors that this person has kept. */
  readonly anchors: string | undefined
  readonly json: boolean
  readonly language: Language
}

/** @throws FarwatchError `bad-usage`. */
export function verifyOptions(args: readonly string[], environment: Environment): VerifyOptions {
  const { values, positionals } = orUsage(() =>
    parseArgs({
      args: [...args],
      options: {
        keys: { type: 'string' },
        'tsa-roots': { type: 'string' },
        anchors: { type: 'string' },
        json: { type: 'boolean', default: false },
        lang: { type: 'string' },
      },
      allowPositionals: true,
    }),
  )
  const [file, tooMany] = positionals
  if (file === undefined || tooMany !== undefined)
    throw usage('farwatch verify: expected one file, an export')
  if (values.lang !== undefined && values.lang !== 'zh' && values.lang !== 'en')
    throw usage(`--lang: found "${values.lang}", expected zh or en`)
  const locale = environment.LC_ALL || environment.LC_MESSAGES || environment.LANG || ''
  return {
    file: resolve(file),
    keys: values.keys === undefined ? undefined : resolve(values.keys),
    roots: values['tsa-roots'] === undefined ? undefined : resolve(values['tsa-roots']),
    anchors: values.anchors === undefined ? undefined : resolve(values.anchors),
    json: values.json,
    language: values.lang ?? (locale.startsWith('zh') ? 'zh' : 'en'),
  }
}
