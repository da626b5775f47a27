import { session } from './session.ts'

/** What was answered instead of what was asked for. */
export interface Failure {
  /** Code of the problem (RFC 9457), `network` where nothing was answered. */
  readonly code: string
  /** The server's own sentence, in English. */
  readonly title: string
  readonly retryAfterS: number
}
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure }

const timeoutMs = 15_000

/** Asks the console's interface. Never throws; an answer that the session has ended leads to the page of the login. */
export async function ask<T>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
  let response: Response
  try {
    response = await fetch(path, {
      method,
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
  } catch {
    return { ok: false, failure: { code: 'network', title: '', retryAfterS: 0 } }
  }
  const json: unknown = await response.json().catch(() => undefined)
  if (response.ok) return { ok: true, value: json as T }
  const { type = '', title = '' } = (json ?? {}) as { type?: string; title?: string }
  const code = type.replace(/^urn:farwatch:problem:/, '') || String(response.status)
  if (code === 'unauthorized' || code === 'password-change-required') void session.refresh()
  return {
    ok: false,
    failure: { code, title, retryAfterS: Number(response.headers.get('retry-after') ?? 0) },
  }
}
