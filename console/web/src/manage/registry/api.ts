import type { ChangeProblem, Entity, EntityKind, ImportReport, KindFields, PastValue } from '@farwatch/model'

/** Why the centre did not do what it was asked. */
export interface Refusal {
  readonly outcome: 'refused'
  /** Null: it could not be reached. */
  readonly status: number | null
  readonly title: string
  /** In Chinese where the centre says it in both. */
  readonly detail: string
  /** What is wrong with which field. */
  readonly lines: readonly ChangeProblem[]
  /** How it stands now, where somebody else has changed it. */
  readonly current: Entity | null
}
export type Answer<T> = { readonly outcome: 'done'; readonly value: T } | Refusal

interface ProblemBody {
  readonly title?: string
  readonly detail?: string
  readonly lines?: readonly ChangeProblem[]
  readonly conflicts?: readonly { readonly current: Entity | null }[]
}

async function ask<T>(
  path: string,
  init: RequestInit,
  take: (response: Response) => Promise<T>,
): Promise<Answer<T>> {
  let response: Response
  try {
    response = await fetch(path, init)
    const type = response.headers.get('content-type') ?? ''
    // A report about a file is an answer, also where nothing was imported.
    if (response.ok || type.startsWith('application/json'))
      return { outcome: 'done', value: await take(response) }
  } catch {
    return { outcome: 'refused', status: null, title: '', detail: '', lines: [], current: null }
  }
  const problem = (await response.json().catch(() => ({}))) as ProblemBody
  return {
    ...{ outcome: 'refused', status: response.status, title: problem.title ?? response.statusText },
    ...{
      detail: problem.detail ?? '',
      lines: problem.lines ?? [],
      current: problem.conflicts?.[0]?.current ?? null,
    },
  }
}

const json = async <T>(response: Response) => (await response.json()) as T

/** Where a kind's entities are; of one by its id. */
function pathOf(kind: EntityKind, id?: string): string {
  return `/api/registry/${kind}s${id === undefined ? '' : `/${encodeURIComponent(id)}`}`
}

export function fetchFields(): Promise<Answer<readonly KindFields[]>> {
  return ask('/api/registry/fields', {}, json<readonly KindFields[]>)
}

/** All of a kind that lies in a jurisdiction, page by page. */
export async function fetchAll(kind: EntityKind, jurisdiction: string): Promise<Answer<readonly Entity[]>> {
  const all: Entity[] = []
  const query = new URLSearchParams({ limit: '10000', ...(jurisdiction === '' ? {} : { jurisdiction }) })
  let next: string | undefined = `${pathOf(kind)}?${query}`
  while (next !== undefined) {
    const page: Answer<{ entities: readonly Entity[]; next: string | undefined }> = await ask(
      next,
      {},
      async (response) => ({
        entities: await json<Entity[]>(response),
        next: /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1],
      }),
    )
    if (page.outcome === 'refused') return page
    all.push(...page.value.entities)
    next = page.value.next
  }
  return { outcome: 'done', value: all }
}

export function fetchHistory(kind: EntityKind, id: string): Promise<Answer<readonly PastValue[]>> {
  return ask(`${pathOf(kind, id)}/history`, {}, json<readonly PastValue[]>)
}

export interface Saving {
  readonly kind: EntityKind
  readonly id: string
  /** The version that was seen; 0: it is new. */
  readonly version: number
  readonly value: unknown
  readonly reason: string
}

export function save({ kind, id, version, value, reason }: Saving): Promise<Answer<Entity>> {
  return ask(
    pathOf(kind, id),
    {
      method: 'PUT',
      headers: {
        'content-type': 'application/json',
        ...(version === 0 ? { 'if-none-match': '*' } : { 'if-match': `"${version}"` }),
      },
      body: JSON.stringify({ value, reason: reason.trim() === '' ? null : reason.trim() }),
    },
    json<Entity>,
  )
}

/** Where the id is made from the value. */
export function saveNew({ kind, value, reason }: Saving): Promise<Answer<Entity>> {
  return ask(
    '/api/registry/changes',
    {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        changes: [{ kind, id: '', expect: 0, value }],
        reason: reason.trim() === '' ? null : reason.trim(),
      }),
    },
    async (response) => (await json<{ entities: Entity[] }>(response)).entities[0]!,
  )
}

export function retire({ kind, id, version, reason }: Omit<Saving, 'value'>): Promise<Answer<unknown>> {
  return ask(
    pathOf(kind, id),
    {
      method: 'DELETE',
      headers: { 'content-type': 'application/json', 'if-match': `"${version}"` },
      body: JSON.stringify({ reason: reason.trim() === '' ? null : reason.trim() }),
    },
    json,
  )
}

const xlsx = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

function sendFile<T>(
  file: File,
  query: Record<string, string>,
  take: (response: Response) => Promise<T>,
): Promise<Answer<T>> {
  const type = /\.(csv|txt)$/i.test(file.name) ? 'text/csv' : xlsx
  const init = { method: 'POST', headers: { 'content-type': type }, body: file }
  return ask(`/api/registry/import?${new URLSearchParams(query)}`, init, take)
}

export function importFile(file: File, dryRun: boolean): Promise<Answer<ImportReport>> {
  return sendFile(file, { dryRun: String(dryRun), reason: file.name }, json<ImportReport>)
}

/** Hands the report about a file to the browser as a download. */
export async function downloadReport(
  file: File,
  form: 'csv' | 'xlsx',
  language: string,
): Promise<Answer<null>> {
  const answer = await sendFile(file, { report: form, language }, async (response) => ({
    name:
      /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? `report.${form}`,
    blob: await response.blob(),
  }))
  if (answer.outcome === 'refused') return answer
  const url = URL.createObjectURL(answer.value.blob)
  const link = Object.assign(document.createElement('a'), { href: url, download: answer.value.name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
  return { outcome: 'done', value: null }
}
