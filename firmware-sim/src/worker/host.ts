import { Worker } from 'node:worker_threads'
import type { FarwatchError } from '@farwatch/model'
import { type Logger, startService } from '@farwatch/runtime'
import type { City } from '../city.ts'
import type { CityConfig } from '../config.ts'
import type { PlayOptions } from '../scripts/stage.ts'
import { CityThread, stopWithinMs } from './city-thread.ts'
import type { Answer, WorkerData } from './messages.ts'

/**
 * The city in a thread of its own, so that the simulated outside does not share the platform's event loop. Should the
 * thread die, that is logged as an error, `onCrash` is called, and every call from then on is refused (`city-crashed`).
 * @throws FarwatchError what `startCity` throws, or `city-crashed`.
 */
export function startCityInWorker(
  config: CityConfig,
  log: Logger,
  onCrash: (error: FarwatchError) => void = () => {},
): Promise<City> {
  return startService(log, async (life) => {
    const data: WorkerData = { config, logLevel: log.level }
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: data })
    worker.on('message', (answer: Answer) => {
      if (answer.kind === 'log') relay(answer.line, log)
    })
    const thread = new CityThread(worker, (error) => {
      log.error({ problem: error.message }, 'the simulated city has crashed: its devices are gone')
      onCrash(error)
    })
    life.onStop('city thread', () => thread.stop(), stopWithinMs + 500)
    return {
      variables: await thread.ready,
      play: async (script: string, options: PlayOptions = {}) => {
        await thread.ask({ call: 'play', script, options })
      },
      halt: async (script?: string) => {
        await thread.ask({ call: 'halt', script })
      },
      playing: () => thread.ask({ call: 'playing' }),
    }
  })
}

/** A line of the thread's log becomes one of ours, with its level and content. */
function relay(line: string, log: Logger): void {
  const {
    level,
    time: _time,
    msg,
    ...rest
  } = JSON.parse(line) as { level: number; time: string; msg: string }
  const label = log.levels.labels[level]
  if (label !== undefined && label in log) log[label as 'info'](rest, msg)
}
