import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Environment, orUsage, timeOf, usage } from './options.ts'

/** One of the `farwatch keys` commands. */
export type KeysOptions =
  | { readonly act: 'list'; readonly home: string; readonly public: boolean }
  | { readonly act: 'enrol'; readonly home: string; readonly gateway: string; readonly publicKey: string }
  | {
      readonly act: 'revoke'
      readonly home: string
      readonly gateway: string
      readonly keyId: string
      readonly fromMs: number | undefined
      readonly reason: string
    }
  | { readonly act: 'rotate'; readonly home: string; readonly gateway: string }

/** @throws FarwatchError `bad-usage`. */
export function keysOptions(args: readonly string[], environment: Environment): KeysOptions {
  const { values, positionals } = orUsage(() =>
    parseArgs({
      args: [...args],
      options: {
        home: { type: 'string' },
        public: { type: 'boolean', default: false },
        from: { type: 'string' },
        reason: { type: 'string' },
      },
      allowPositionals: true,
    }),
  )
  const [act, gateway, key, tooMany] = positionals
  const home = (otherwise: string) => resolve(values.home ?? environment.FARWATCH_HOME ?? otherwise)
  if (tooMany !== undefined) throw usage(`farwatch keys: "${tooMany}" is one word too many`)
  if (act === 'list' && gateway === undefined) return { act, home: home('data'), public: values.public }
  if (act === 'rotate' && gateway !== undefined && key === undefined)
    return { act, home: home('gateway-data'), gateway }
  if (act === 'enrol' && gateway !== undefined && key !== undefined)
    return { act, home: home('data'), gateway, publicKey: key }
  if (act === 'revoke' && gateway !== undefined && key !== undefined) {
    if (!values.reason) throw usage('farwatch keys revoke: --reason TEXT is missing')
    const fromMs = values.from === undefined ? undefined : timeOf('--from', values.from)
    return { act, home: home('data'), gateway, keyId: key, fromMs, reason: values.reason }
  }
  throw usage(
    'farwatch keys: expected "list", "enrol GATEWAY PUBLICKEY", "revoke GATEWAY KEYID --reason TEXT" or "rotate GATEWAY --home DIR"',
  )
}
