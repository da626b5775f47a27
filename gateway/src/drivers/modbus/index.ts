import { z } from 'zod'
import type { Protocol } from '../../driver.ts'
import { HostPort } from '../../host-port.ts'
import { ModbusAddress } from './address.ts'
import { ModbusDriver } from './driver.ts'

const ModbusConfig = z.strictObject({
  address: HostPort,
  /** How long a connection or an answer may take. */
  timeoutMs: z.number().int().min(50).max(60_000).default(1_000),
  /** Unmapped registers that a merged request may read over; many devices answer such a request with exception 2. */
  maxGap: z.number().int().min(0).max(100).default(0),
})
export type ModbusConfig = z.infer<typeof ModbusConfig>

/** Modbus TCP, functions 1 to 4 (Modbus Application Protocol V1.1b3; Messaging on TCP/IP V1.0b). Reads only. */
export const modbus: Protocol<ModbusConfig, ModbusAddress> = {
  name: 'modbus',
  config: ModbusConfig,
  address: ModbusAddress,
  create: (config, points, context) => new ModbusDriver(config, points, context),
}
