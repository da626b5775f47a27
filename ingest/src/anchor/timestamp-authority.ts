import type { X509Certificate } from 'node:crypto'
import { maxTimestampBytes, timestampRequest, verifyTimestamp } from '@farwatch/evidence'
import { FarwatchError } from '@farwatch/model'
import { type Clock, post } from '@farwatch/runtime'
import type { Destination } from './destination.ts'
import type { AnchorStore } from './store.ts'

/** One attempt, connection and answer together, takes at most this long. */
export const timestampTimeoutMs = 30_000

export interface TimestampConfig {
  readonly url: string
  readonly roots: readonly X509Certificate[]
}

/**
 * A timestamp authority over HTTP (RFC 3161, 3.4). Its answer is kept as it came, and only when everything about it
 * is right: an answer that cannot be verified now will not be in court either.
 */
export function timestampDestination(
  { url, roots }: TimestampConfig,
  store: AnchorStore,
  clock: Clock,
): Destination {
  return {
    kind: 'rfc3161',
    waiting: async () => store.anchors.filter(({ parts }) => !parts.has('tsr')),
    async deliver(anchor, signal) {
      const statement = await store.read(anchor, 'anchor')
      const { der, nonce } = timestampRequest(statement)
      const headers = {
        'content-type': 'application/timestamp-query',
        accept: 'application/timestamp-reply',
      }
      const bounds = { timeoutMs: timestampTimeoutMs, maxAnswerBytes: maxTimestampBytes }
      const answer = await post({ url, headers, body: der, ...bounds }, clock, signal)
      if ('problem' in answer) throw wrong(answer.problem)
      if (answer.status !== 200) throw wrong(`HTTP ${answer.status}, expected 200`)
      if (answer.cut) throw wrong(`more than ${maxTimestampBytes} bytes in answer`)
      const verified = verifyTimestamp(answer.body, statement, { roots, nonce })
      if (!verified.ok) throw wrong(verified.problem)
      await store.keep(anchor, 'tsr', answer.body)
    },
  }
}

function wrong(problem: string): FarwatchError {
  return new FarwatchError('anchor-timestamp', problem)
}
