import type { ActVerification, RecordedAct } from '@farwatch/model'

/** One line of the list, without what was before and after. */
export interface ActLine {
  readonly seq: number
  readonly atMs: number
  readonly action: string
  readonly account: string
  readonly name: string
  readonly via: string
  readonly from: string | null
  readonly object: { readonly kind: string; readonly id: string } | null
  readonly jurisdiction: string | null
  readonly outcome: string
  readonly reason: string | null
}

/** What is looked for; empty: everything. Days are local. */
export interface Search {
  readonly from: string
  readonly to: string
  readonly account: string
  readonly action: string
  readonly object: string
}

export const noSearch: Search = { from: '', to: '', account: '', action: '', object: '' }

export function paramsOf({ from, to, account, action, object }: Search): URLSearchParams {
  const params = new URLSearchParams()
  if (from !== '') params.set('from', startOfDay(from, 0))
  if (to !== '') params.set('to', startOfDay(to, 1))
  for (const [name, value] of Object.entries({ account, action, object })) {
    if (value.trim() !== '') params.set(name, value.trim())
  }
  return params
}

/** Midnight of this machine's time zone at the beginning of a day, or of a day after it. */
function startOfDay(day: string, daysLater: number): string {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number)
  return new Date(year, month - 1, date + daysLater).toISOString()
}

/** @throws Error in the server's words. */
async function ask<T>(path: string, init: RequestInit): Promise<T> {
  const response = await fetch(path, init)
  const body: unknown = await response.json().catch(() => undefined)
  if (response.ok) return body as T
  const title = typeof body === 'object' && body !== null && 'title' in body ? String(body.title) : ''
  throw new Error(title || `${path}: ${response.status}`)
}

export function fetchActs(
  search: Search,
  after: number | undefined,
  signal: AbortSignal,
): Promise<{ acts: ActLine[]; next: number | null }> {
  const params = paramsOf(search)
  if (after !== undefined) params.set('after', String(after))
  return ask(`/api/acts?${params}`, { signal })
}

export function fetchAct(seq: number, signal: AbortSignal): Promise<RecordedAct> {
  return ask(`/api/acts/${seq}`, { signal })
}

export function fetchVerification(signal: AbortSignal): Promise<ActVerification> {
  return ask('/api/acts/verification', { signal })
}

export function beginVerification(): Promise<ActVerification> {
  return ask('/api/acts/verification', {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' },
  })
}
