import { z } from 'zod'
import type { Protocol } from '../../driver.ts'
import { HostPort } from '../../host-port.ts'
import { MqttAddress } from './address.ts'
import { MqttClientDriver } from './client.ts'
import { MqttListenDriver } from './listen.ts'

const MqttConfig = z
  .strictObject({
    /** Be the broker that the devices publish to … */
    listen: HostPort.optional(),
    /** … or subscribe at one that exists. */
    url: z
      .string()
      .regex(/^mqtts?:\/\/[^\s@/]+$/, 'expected mqtt://HOST:PORT or mqtts://HOST:PORT')
      .optional(),
    /** Write `${NAME}` for the password, so that it comes from the environment and stays out of the file. */
    username: z.string().min(1).max(256).optional(),
    password: z.string().min(1).max(1_024).optional(),
    /** A packet announced larger than this ends its connection before it is read. */
    maxPacketBytes: z.number().int().min(1_024).max(16_777_216).default(65_536),
    maxConnections: z.number().int().min(1).max(10_000).default(200),
    /** How long a broker may take to let us in; three times as long without a word and the link is given up. */
    timeoutMs: z.number().int().min(50).max(60_000).default(5_000),
  })
  .superRefine(({ listen, url, username, password }, context) => {
    if ((listen === undefined) === (url === undefined))
      context.addIssue({ code: 'custom', message: 'expected either listen: HOST:PORT or url: mqtt://…' })
    if ((username === undefined) !== (password === undefined))
      context.addIssue({ code: 'custom', message: 'username and password go together' })
  })
export type MqttConfig = z.infer<typeof MqttConfig>

/** MQTT 3.1.1 from sensors and PLCs: as their broker, or as a client of the one they have. */
export const mqtt: Protocol<MqttConfig, MqttAddress> = {
  name: 'mqtt',
  config: MqttConfig,
  address: MqttAddress,
  create: (config, points, context) =>
    config.listen === undefined
      ? new MqttClientDriver({ ...config, url: config.url! }, points, context)
      : new MqttListenDriver({ ...config, listen: config.listen }, points, context),
}
