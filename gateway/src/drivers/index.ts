import type { Protocol } from '../driver.ts'
import { hj212 } from './hj212/index.ts'
import { modbus } from './modbus/index.ts'
import { mqtt } from './mqtt/index.ts'
import { opcua } from './opcua/index.ts'

/** Every protocol the gateway speaks, by the name it has in the configuration. */
export const protocols: readonly Protocol<unknown, unknown>[] = [modbus, mqtt, opcua, hj212]
