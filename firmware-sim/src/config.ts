import { fileURLToPath } from 'node:url'
import { z } from 'zod'

/** Where the city's registry, gateway and rule files are. */
export const cityFolder = fileURLToPath(new URL('../city', import.meta.url))

export const cityPorts = { opcua: 48_410, modbus: 15_020, e02: 18_820, e07: 18_870, e09: 18_840 } as const

const Port = z.number().int().min(0).max(65_535)
const Credential = z.strictObject({ username: z.string().min(1), password: z.string() })

export const CityConfig = z.strictObject({
  /** Folder for the simulator's own files, such as the OPC UA server's keys. */
  home: z.string().min(1),
  /** The same seed gives the same city. */
  seed: z.number().int().default(1),
  /** The centre's broker, for devices without a gateway. */
  centreUrl: z.url({ protocol: /^mqtts?$/ }),
  /** Where the OPC UA device, the Modbus device and E07's logger listen. */
  host: z.string().min(1).default('127.0.0.1'),
  /**
   * 0 takes any free port. `e09` is where GW-E09's own broker will listen, which the sensors of E09 connect to; `e02` where
   * GW-E02 will listen for its logger.
   */
  ports: z
    .strictObject({
      opcua: Port.optional(),
      modbus: Port.optional(),
      e02: Port.optional(),
      e07: Port.optional(),
      e09: Port.optional(),
    })
    .default({}),
  /** Machine that GW-E02 runs on, as its logger sees it. */
  e02Host: z.string().min(1).default('127.0.0.1'),
  /** Machine that GW-E09 runs on, as its sensors see it. */
  e09Host: z.string().min(1).default('127.0.0.1'),
  /** What E10's devices say to the centre's broker; none where it takes anonymous telemetry. */
  credentials: z.strictObject({ station: Credential.optional(), camera: Credential.optional() }).default({}),
  pictureEveryS: z.number().min(1).max(86_400).default(30),
  /** A script that plays by itself, again and again; null for none. */
  autoplay: z
    .strictObject({
      script: z.string(),
      afterS: z.number().nonnegative(),
      everyS: z.number().positive().max(86_400),
      /** 10 plays it ten times as fast. */
      speed: z.number().positive().max(100).default(1),
    })
    .nullable()
    .default({ script: 'S1', afterS: 15, everyS: 900, speed: 1 }),
})
export type CityConfig = z.input<typeof CityConfig>
