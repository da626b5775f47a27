import type { AccessRefusal, Refused } from '@farwatch/model'
import { Problem } from './problem.ts'

const statuses: Readonly<Record<AccessRefusal, number>> = {
  'wrong-credentials': 401,
  'second-factor-required': 401,
  'single-sign-on-failed': 401,
  'beyond-own-rights': 403,
  'no-account': 404,
  'unknown-account': 404,
  'unknown-session': 404,
  'unknown-token': 404,
  'account-exists': 409,
  conflict: 409,
  'last-administrator': 409,
  'no-password': 409,
  'no-pending-second-factor': 409,
  'too-many': 409,
  'bad-grant': 422,
  'weak-password': 422,
  'wrong-code': 422,
  'too-many-attempts': 429,
}

/** What is answered where the desk of accounts refuses. */
export function problemOfRefusal({ reason, detail, retryAfterMs }: Refused): Problem {
  const title = `${detail[0]?.toUpperCase() ?? ''}${detail.slice(1)}`
  return new Problem({
    ...{ status: statuses[reason], code: reason, title },
    ...(retryAfterMs === undefined ? {} : { retryAfterS: Math.ceil(retryAfterMs / 1_000) }),
  })
}
