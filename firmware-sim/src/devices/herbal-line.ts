import type { Service } from '@farwatch/runtime'
import type { DeviceContext } from './device.ts'
import { floatWords } from './modbus-pdu.ts'
import { startModbusServer } from './modbus-server.ts'

const floats = ['E03/line/grinder', 'E03/line/collector', 'E03/line/dp', 'E03/line/hopper'] as const

/**
 * E03's line controller, unit 1. Holding registers 0 grinder kW, 2 collector kW, 4 Δp Pa, 6 hopper °C (float32 ABCD);
 * discrete input 0 airlock. The rest of the map is empty: exception 2.
 */
export function startHerbalLine(
  address: { host: string; port: number },
  context: DeviceContext,
): Promise<Service & { readonly port: number }> {
  const { plant, clock } = context
  const registers = () => {
    const now = clock.now()
    const words = floats.flatMap((key) => floatWords(plant.value(key, now)))
    return {
      holding: (register: number) => words[register],
      discrete: (input: number) => (input === 0 ? plant.value('E03/line/airlock', now) > 0.5 : undefined),
    }
  }
  return startModbusServer({ ...address, unit: 1, registers }, context)
}
