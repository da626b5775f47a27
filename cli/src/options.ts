import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { FarwatchError, messageOf } from '@farwatch/model'

/** What `farwatch up` runs with: command line first, then environment, then default. */
export interface UpOptions {
  readonly home: string
  readonly httpHost: string
  readonly httpPort: number
  readonly mqttHost: string
  readonly mqttPort: number
  readonly sim: boolean
  /** Incident scripts of the simulated city play so many times faster. */
  readonly simSpeed: number
  /** Folder with registry.yaml, rules/*.yaml, gateways/*.yaml. */
  readonly config: string | undefined
  /** Gateway files to run in this process besides those of the configuration folder. */
  readonly gateways: readonly string[]
  readonly databaseUrl: string | undefined
  /** PEM files of the console's certificate and key. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  readonly adminToken: string | undefined
  readonly mapboxToken: string | null
  readonly allowedHosts: readonly string[]
  /** Addresses of proxies that have let their users in already. */
  readonly trustedProxies: readonly string[]
}

export type Environment = Readonly<Record<string, string | undefined>>

/** @throws FarwatchError `bad-usage` that says what was found and expected. */
export function upOptions(args: readonly string[], environment: Environment): UpOptions {
  const { values } = orUsage(() =>
    parseArgs({
      args: [...args],
      options: {
        home: { type: 'string' },
        http: { type: 'string' },
        mqtt: { type: 'string' },
        'no-sim': { type: 'boolean', default: false },
        'sim-speed': { type: 'string', default: '1' },
        config: { type: 'string' },
        gateway: { type: 'string', multiple: true, default: [] },
      },
    }),
  )
  const [httpHost, httpPort] = hostPort('--http', values.http ?? environment.FARWATCH_HTTP_PORT ?? '8080')
  const [mqttHost, mqttPort] = hostPort('--mqtt', values.mqtt ?? environment.FARWATCH_MQTT_PORT ?? '1883')
  return {
    home: resolve(values.home ?? environment.FARWATCH_HOME ?? 'data'),
    ...{ httpHost, httpPort, mqttHost, mqttPort },
    sim: !values['no-sim'],
    simSpeed: speedOf(values['sim-speed']),
    config: values.config === undefined ? undefined : resolve(values.config),
    gateways: values.gateway.map((file) => resolve(file)),
    databaseUrl: environment.DATABASE_URL || undefined,
    tls: tlsOf(environment),
    adminToken: environment.FARWATCH_ADMIN_TOKEN || undefined,
    mapboxToken: environment.MAPBOX_TOKEN || null,
    allowedHosts: listOf(environment.FARWATCH_ALLOWED_HOSTS),
    trustedProxies: listOf(environment.FARWATCH_TRUSTED_PROXIES),
  }
}

function tlsOf({ FARWATCH_TLS_CERT: cert, FARWATCH_TLS_KEY: key }: Environment): UpOptions['tls'] {
  if (!cert && !key) return undefined
  if (!cert || !key)
    throw usage('FARWATCH_TLS_CERT and FARWATCH_TLS_KEY: found one of them, expected both, or none')
  return { cert: resolve(cert), key: resolve(key) }
}

export interface GatewayOptions {
  readonly home: string
  readonly config: string
  readonly password: string
}

export function gatewayOptions(args: readonly string[], environment: Environment): GatewayOptions {
  const { values } = orUsage(() =>
    parseArgs({ args: [...args], options: { home: { type: 'string' }, config: { type: 'string' } } }),
  )
  if (values.config === undefined) throw usage('farwatch gateway: --config FILE is missing')
  const password = environment.FARWATCH_GATEWAY_PASSWORD
  if (!password) {
    throw usage(
      'FARWATCH_GATEWAY_PASSWORD is not set; "farwatch enrol GATEWAY" at the centre prints the password',
    )
  }
  return {
    home: resolve(values.home ?? environment.FARWATCH_HOME ?? 'gateway-data'),
    config: resolve(values.config),
    password,
  }
}

export interface EnrolOptions {
  readonly home: string
  readonly name: string
  /** Set for a device that publishes telemetry of this site itself; otherwise a gateway is enrolled. */
  readonly site: string | undefined
}

export function enrolOptions(args: readonly string[], environment: Environment): EnrolOptions {
  const { values, positionals } = orUsage(() =>
    parseArgs({
      args: [...args],
      options: { home: { type: 'string' }, site: { type: 'string' } },
      allowPositionals: true,
    }),
  )
  const [name] = positionals
  if (name === undefined || positionals.length > 1)
    throw usage('farwatch enrol: expected one name, such as GW-E01')
  return {
    home: resolve(values.home ?? environment.FARWATCH_HOME ?? 'data'),
    name,
    site: values.site,
  }
}

export interface AccountsOptions {
  readonly home: string
  readonly id: string
}

/** `accounts reset ID`. @throws FarwatchError `bad-usage`. */
export function accountsOptions(args: readonly string[], environment: Environment): AccountsOptions {
  const { values, positionals } = orUsage(() =>
    parseArgs({ args: [...args], options: { home: { type: 'string' } }, allowPositionals: true }),
  )
  const [act, id] = positionals
  if (act !== 'reset' || id === undefined || positionals.length > 2)
    throw usage('farwatch accounts: expected "reset ID", such as "farwatch accounts reset admin"')
  return { home: resolve(values.home ?? environment.FARWATCH_HOME ?? 'data'), id }
}

export interface DoctorOptions {
  readonly databaseUrl: string
  readonly json: boolean
}

export function doctorOptions(args: readonly string[], environment: Environment): DoctorOptions {
  const { values, positionals } = orUsage(() =>
    parseArgs({
      args: [...args],
      options: { database: { type: 'boolean' }, json: { type: 'boolean', default: false } },
      allowPositionals: true,
    }),
  )
  if (values.database !== true || positionals.length > 1)
    throw usage('farwatch doctor: expected --database [URL]')
  const databaseUrl = positionals[0] ?? environment.DATABASE_URL
  if (!databaseUrl)
    throw usage('farwatch doctor --database: found neither an address nor DATABASE_URL, expected one of them')
  return { databaseUrl, json: values.json }
}

/** parseArgs throws on what it does not know; that is the user's mistake, not ours. */
export function orUsage<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw usage(`${messageOf(error)}; "farwatch --help" lists what there is`)
  }
}

function listOf(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

function speedOf(text: string): number {
  const speed = Number(text)
  if (!(speed >= 1 && speed <= 100)) throw usage(`--sim-speed: found "${text}", expected 1 to 100`)
  return speed
}

/** `8080`, `0.0.0.0:8080` or `[::1]:8080`. Alone, a port is loopback's. */
function hostPort(option: string, text: unknown): [host: string, port: number] {
  const match = /^(?:(.+):)?(\d{1,5})$/.exec(String(text))
  const port = Number(match?.[2])
  if (match === null || port > 65_535) throw usage(`${option}: found "${text}", expected a port or HOST:PORT`)
  return [(match[1] ?? '127.0.0.1').replace(/^\[(.*)\]$/, '$1'), port]
}

export function usage(message: string): FarwatchError {
  return new FarwatchError('bad-usage', message)
}

/** ISO 8601 with a zone (or a date, which begins at midnight UTC), as Unix ms. @throws FarwatchError `bad-usage`. */
export function timeOf(option: string, text: string): number {
  const isIso = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text)
  const timeMs = isIso ? Date.parse(text) : Number.NaN
  if (Number.isNaN(timeMs))
    throw usage(
      `${option}: found "${text}", expected a time with its zone, such as 2026-11-23T08:00:00+08:00`,
    )
  return timeMs
}
