import { type Service, startService } from '@farwatch/runtime'
import type { DeviceContext } from './device.ts'
import { dataArea } from './hj212-frame.ts'
import { startDiallingLogger } from './hj212-logger.ts'

const everyMs = 10_000
const hourMs = 3_600_000
const nox = 'E02/stack/nox'
const oxygen = 'E02/stack/o2'

/**
 * E02's logger at the stack of a boiler, which dials its gateway: a21002 NOx mg/m³ and a19001 O₂ % each 10 s, and the mean of
 * NOx over each hour, which is sent until it is answered. The last whole hour is reported at the start.
 */
export function startBoilerLogger(
  address: { host: string; port: number },
  context: DeviceContext,
): Promise<Service> {
  const { plant, clock, log } = context
  return startService(log, async (life) => {
    const logger = await startDiallingLogger(
      { ...address, mn: '34162100000000000000E021', st: '31' },
      context,
    )
    life.onStop('logger', () => logger.stop())
    let reportedMs = 0
    const measure = () => {
      const now = clock.now()
      logger.tell(
        '2011',
        dataArea(now, [
          { factor: 'a21002', parts: { Rtd: plant.value(nox, now).toFixed(1) } },
          { factor: 'a19001', parts: { Rtd: plant.value(oxygen, now).toFixed(2) } },
        ]),
      )
      const beginMs = Math.floor(now / hourMs) * hourMs - hourMs
      if (beginMs === reportedMs) return
      reportedMs = beginMs
      const values = Array.from({ length: hourMs / everyMs }, (_, i) =>
        plant.value(nox, beginMs + i * everyMs),
      )
      const parts = {
        Min: Math.min(...values).toFixed(1),
        Avg: (values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(1),
        Max: Math.max(...values).toFixed(1),
      }
      logger.report('2061', dataArea(beginMs, [{ factor: 'a21002', parts }]))
    }
    measure()
    life.onStop('timer', clock.every(everyMs, measure))
    return {}
  })
}
