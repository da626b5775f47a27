/**
 * The one error family. Callers branch on `code` (a string literal of the thrower's own list) and `retryable`,
 * never on the message. Whoever throws does not log.
 */
export class FarwatchError<Code extends string = string> extends Error {
  readonly code: Code
  readonly retryable: boolean

  constructor(code: Code, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'FarwatchError'
    this.code = code
    this.retryable = options.retryable ?? false
  }
}

/** The message of anything thrown, for a log line or a reason a person reads. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
