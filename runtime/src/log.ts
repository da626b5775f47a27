import { type Logger, pino } from 'pino'

export type { Logger }

/**
 * The process's log: JSON lines on standard error, so that standard output stays for what a person or a script asked
 * for. Each service gets a child with its name. Lines tell transitions, not repetitions.
 */
export function createLog(
  level: string = process.env.FARWATCH_LOG_LEVEL ?? 'info',
  destination: { write(line: string): void } = pino.destination({ fd: 2, sync: true }),
): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination)
}

/** For tests and benches that want quiet. */
export const silentLog: Logger = pino({ level: 'silent' })
