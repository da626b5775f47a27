import { join } from 'node:path'
import { FarwatchError } from '@farwatch/model'
import { CityConfig } from './config.ts'

export const help = `The simulated city: sites E01 (OPC UA), E02 and E07 (HJ 212), E03 (Modbus TCP), E09 and E10 (MQTT).

  --home DIR      folder for its keys            FARWATCH_HOME/sim, or ./data/sim
  --centre URL    broker of the centre           FARWATCH_CENTRE, or mqtt://127.0.0.1:1883
  --host ADDRESS  where its devices listen       FARWATCH_SIM_HOST, or 127.0.0.1
  --seed NUMBER   the same seed, the same city   FARWATCH_SIM_SEED, or 1
  --no-autoplay   no incident plays by itself

FARWATCH_SIM_OPCUA=opc.tcp://HOST:PORT, FARWATCH_SIM_MODBUS=HOST:PORT, FARWATCH_SIM_E07=HOST:PORT: the ports its
devices take.
FARWATCH_SIM_E02=HOST:PORT: where gateway GW-E02 listens for its logger.
FARWATCH_SIM_E09=HOST:PORT: where the broker of gateway GW-E09 listens.
FARWATCH_SIM_STATION_PASSWORD, FARWATCH_SIM_CAMERA_PASSWORD: of users E10-station1 and E10-gate at the centre.
`

/** Command-line options as `parseArgs` leaves them. */
export interface Arguments {
  readonly home?: string | undefined
  readonly centre?: string | undefined
  readonly seed?: string | undefined
  readonly host?: string | undefined
  readonly 'no-autoplay'?: boolean | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The city's configuration from options, then environment, then defaults.
 * @throws FarwatchError `bad-options` naming each that cannot be used.
 */
export function cityConfigFrom(options: Arguments, environment: Environment): CityConfig {
  const text = (name: string) => environment[name] || undefined
  const e02 = text('FARWATCH_SIM_E02')
  const e09 = text('FARWATCH_SIM_E09')
  const credential = (username: string, variable: string) => {
    const password = text(variable)
    return password === undefined ? undefined : { username, password }
  }
  const parsed = CityConfig.safeParse({
    home: options.home ?? join(text('FARWATCH_HOME') ?? 'data', 'sim'),
    centreUrl: options.centre ?? text('FARWATCH_CENTRE') ?? 'mqtt://127.0.0.1:1883',
    seed: number(options.seed ?? text('FARWATCH_SIM_SEED')),
    host: options.host ?? text('FARWATCH_SIM_HOST'),
    ports: {
      opcua: portOf(text('FARWATCH_SIM_OPCUA')),
      modbus: portOf(text('FARWATCH_SIM_MODBUS')),
      e02: portOf(e02),
      e07: portOf(text('FARWATCH_SIM_E07')),
      e09: portOf(e09),
    },
    e02Host: e02?.replace(/:\d+$/, ''),
    e09Host: e09?.replace(/:\d+$/, ''),
    credentials: {
      station: credential('E10-station1', 'FARWATCH_SIM_STATION_PASSWORD'),
      camera: credential('E10-gate', 'FARWATCH_SIM_CAMERA_PASSWORD'),
    },
    ...(options['no-autoplay'] ? { autoplay: null } : {}),
  })
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  throw new FarwatchError('bad-options', problems.join('\n'))
}

function number(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}

/** Port of `host:port` or a URL with one; NaN (refused by the schema) where there is none. */
function portOf(text: string | undefined): number | undefined {
  return number(text === undefined ? undefined : (/:(\d{1,5})\/?$/.exec(text)?.[1] ?? 'none'))
}
