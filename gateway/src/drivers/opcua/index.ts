import { z } from 'zod'
import type { Protocol } from '../../driver.ts'
import { OpcuaAddress } from './address.ts'
import { OpcuaDriver } from './driver.ts'

const OpcuaConfig = z
  .strictObject({
    endpoint: z
      .string()
      .regex(
        /^opc\.tcp:\/\/[^\s/:]+(:\d{1,5})?(\/\S*)?$/,
        'expected opc.tcp://HOST:PORT or opc.tcp://HOST:PORT/PATH',
      ),
    security: z.enum(['none', 'signAndEncrypt']).default('none'),
    policy: z
      .enum(['Basic256Sha256', 'Aes128_Sha256_RsaOaep', 'Aes256_Sha256_RsaPss'])
      .default('Basic256Sha256'),
    /** Write `${NAME}` for the password, so that it comes from the environment and stays out of the file. */
    username: z.string().min(1).max(256).optional(),
    password: z.string().min(1).max(1_024).optional(),
    /** How long one answer of the server may take; three times as long without a word and the link is given up. */
    timeoutMs: z.number().int().min(200).max(60_000).default(5_000),
  })
  .superRefine(({ username, password }, context) => {
    if ((username === undefined) !== (password === undefined))
      context.addIssue({ code: 'custom', message: 'username and password go together' })
  })
export type OpcuaConfig = z.infer<typeof OpcuaConfig>

/** OPC UA client (OPC 10000-4): one session, one subscription, one monitored item a point. Reads only. */
export const opcua: Protocol<OpcuaConfig, OpcuaAddress> = {
  name: 'opcua',
  config: OpcuaConfig,
  address: OpcuaAddress,
  create: (config, points, context) => new OpcuaDriver(config, points, context),
}
