import { FarwatchError, messageOf } from '@farwatch/model'

export type DatabaseErrorCode = 'database-unavailable' | 'database-conflict' | 'database-refused'

/** What went wrong with a statement or a connection. `sqlState` is undefined where no server answered. */
export class DatabaseError extends FarwatchError<DatabaseErrorCode> {
  readonly sqlState: string | undefined

  constructor(message: string, options: { sqlState?: string | undefined; cause?: unknown } = {}) {
    const code = codeOf(options.sqlState)
    const retryable = code === 'database-unavailable' || options.sqlState?.startsWith('40') === true
    super(code, message, { retryable, cause: options.cause })
    this.name = 'DatabaseError'
    this.sqlState = options.sqlState
  }
}

/**
 * Class 08 connection, 53 resources (disk full, too many connections), 57 shutdown and cancelled statements, 58 system
 * errors and 25006 (a standby) pass by themselves; 40 and 23505 are conflicts; the rest was refused for good.
 */
function codeOf(sqlState: string | undefined): DatabaseErrorCode {
  if (sqlState === undefined || sqlState === '25006') return 'database-unavailable'
  if (/^(08|53|57|58)/.test(sqlState)) return 'database-unavailable'
  if (sqlState.startsWith('40') || sqlState === '23505' || sqlState === '55P03') return 'database-conflict'
  return 'database-refused'
}

/** An error report of PostgreSQL as both `pg` and the embedded engine throw it. Node's own errors carry no severity. */
function sqlStateOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('severity' in thrown) || !('code' in thrown)) return undefined
  return typeof thrown.severity === 'string' && typeof thrown.code === 'string' ? thrown.code : undefined
}

/** Classifies by SQLSTATE; what carries none came from the connection or from the engine itself. */
export function databaseError(thrown: unknown): DatabaseError {
  if (thrown instanceof DatabaseError) return thrown
  const causes =
    thrown instanceof AggregateError ? thrown.errors.map(messageOf).join('; ') : messageOf(thrown)
  return new DatabaseError(causes || String(thrown), { sqlState: sqlStateOf(thrown), cause: thrown })
}
