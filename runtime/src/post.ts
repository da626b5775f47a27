import { messageOf } from '@farwatch/model'
import type { Clock } from './clock.ts'

export interface Post {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
  /** For connection and answer together. */
  readonly timeoutMs: number
  /** As much of the answer's body is read. */
  readonly maxAnswerBytes: number
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
  /** There was more than `maxAnswerBytes`; the rest was not waited for. */
  readonly cut: boolean
}

/**
 * One HTTP POST in bounded time and memory. Redirects are not followed: what is sent is for the configured URL and none
 * other. Rejects with the signal's reason on abort; a broken connection and a late answer are `{problem}`.
 */
export async function post(
  { url, headers, body, timeoutMs, maxAnswerBytes }: Post,
  clock: Clock,
  signal: AbortSignal,
): Promise<Answer | { readonly problem: string }> {
  const attempt = new AbortController()
  const cancel = clock.after(timeoutMs, () =>
    attempt.abort(new Error(`no complete answer within ${timeoutMs / 1000} s`)),
  )
  try {
    const answer = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      signal: AbortSignal.any([signal, attempt.signal]),
      headers: { 'user-agent': 'Farwatch', ...headers },
      body: typeof body === 'string' ? body : new Uint8Array(body),
    })
    return { status: answer.status, headers: answer.headers, ...(await beginningOf(answer, maxAnswerBytes)) }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    const cause = error instanceof Error && error.cause !== undefined ? `: ${messageOf(error.cause)}` : ''
    return { problem: `${messageOf(error)}${cause}` }
  } finally {
    cancel()
    attempt.abort()
  }
}

async function beginningOf(answer: Response, most: number): Promise<{ body: Buffer; cut: boolean }> {
  if (answer.body === null) return { body: Buffer.alloc(0), cut: false }
  const reader = answer.body.getReader()
  const parts: Uint8Array[] = []
  let bytes = 0
  let ended = false
  while (!ended && bytes <= most) {
    const { done, value } = await reader.read()
    ended = done
    if (value !== undefined) parts.push(value)
    bytes += value?.length ?? 0
  }
  await reader.cancel().catch(() => undefined)
  return { body: Buffer.concat(parts).subarray(0, most), cut: bytes > most }
}
