import type { Logger, Service } from '@farwatch/runtime'

const stopWithinMs = 4_500

/** Keeps the process until it is told to stop, then stops the service cleanly; a second signal ends it at once. */
export function endOnSignal(service: Service, log: Logger): Promise<void> {
  return new Promise((resolve) => {
    let stopping = false
    const stop = (why: string, code: number) => {
      if (stopping) process.exit(1)
      stopping = true
      log.info({ why }, 'stopping')
      const hard = setTimeout(() => {
        log.error(`not stopped after ${stopWithinMs} ms; what was acknowledged is on disk`)
        process.exit(1)
      }, stopWithinMs)
      service.stop().finally(() => {
        clearTimeout(hard)
        log.info('stopped')
        resolve()
        process.exit(code)
      })
    }
    process.on('SIGINT', () => stop('SIGINT', 0))
    process.on('SIGTERM', () => stop('SIGTERM', 0))
    process.on('uncaughtException', (error) => {
      log.fatal({ problem: error.stack ?? String(error) }, 'a fault of Farwatch itself; it stops')
      stop('fault', 1)
    })
  })
}
