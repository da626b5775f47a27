import type { PointKey } from '@farwatch/model'
import { type Service, startService } from '@farwatch/runtime'
import type { DeviceContext } from './device.ts'
import { dataArea, localTime } from './hj212-frame.ts'
import { startListeningLogger } from './hj212-logger.ts'

const everyMs = 10_000
const cycleMs = 3_600_000

/** Analysers sample at each full hour; until the next one the logger repeats the value with the time of its sample. */
const analysed: readonly (readonly [string, PointKey, number])[] = [
  ['w01018', 'E07/outlet/cod', 1],
  ['w21003', 'E07/outlet/nh3n', 2],
]
const continuous: readonly (readonly [string, PointKey, number])[] = [
  ['w01001', 'E07/outlet/ph', 2],
  ['w00000', 'E07/outlet/flow', 1],
]

/** E07's logger at the outlet, which its gateway dials: w01018 COD and w21003 NH₃-N mg/L, w01001 pH, w00000 flow L/s. */
export function startSewageLogger(
  address: { host: string; port: number },
  context: DeviceContext,
): Promise<Service & { readonly port: number }> {
  const { plant, clock, log } = context
  return startService(log, async (life) => {
    const logger = await startListeningLogger(
      { ...address, mn: '34160200000000000000E071', st: '32' },
      context,
    )
    life.onStop('logger', () => logger.stop())
    const measure = () => {
      const now = clock.now()
      const sampledMs = Math.floor(now / cycleMs) * cycleMs
      logger.tell(
        '2011',
        dataArea(now, [
          ...analysed.map(([factor, key, digits]) => ({
            factor,
            parts: { SampleTime: localTime(sampledMs), Rtd: plant.value(key, sampledMs).toFixed(digits) },
          })),
          ...continuous.map(([factor, key, digits]) => ({
            factor,
            parts: { Rtd: plant.value(key, now).toFixed(digits) },
          })),
        ]),
      )
    }
    life.onStop('timer', clock.every(everyMs, measure))
    return { port: logger.port }
  })
}
