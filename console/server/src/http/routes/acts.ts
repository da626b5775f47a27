import { Readable } from 'node:stream'
import { Act, type ActLog, type Principal, permits, type RecordedAct } from '@farwatch/model'
import type { Queryable } from '@farwatch/runtime'
import { z } from 'zod'
import { type ActFilter, type ActRow, indexedActs, readablePlaces } from '../../queries/acts.ts'
import { recordAct } from '../acts.ts'
import type { App, AppParts } from '../app.ts'
import { csvLine } from '../csv.ts'
import { Problem } from '../problem.ts'
import { problemResponse } from '../schemas.ts'

const tags = ['acts']
const maxCsvRows = 100_000
const pageRows = 1_000

const When = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .optional()

const Query = z.object({
  from: When.describe('ISO 8601 with a zone'),
  to: When.describe('The moment after the last one'),
  account: z.string().min(1).max(64).optional(),
  action: z.string().min(1).max(64).optional(),
  object: z.string().min(1).max(365).optional().describe('KIND, or KIND:ID'),
})

const ActRowBody = z.object({
  seq: z.number().int(),
  atMs: z.number(),
  action: z.string(),
  account: z.string(),
  name: z.string(),
  via: z.string(),
  from: z.string().nullable(),
  object: z.object({ kind: z.string(), id: z.string() }).nullable(),
  jurisdiction: z.string().nullable(),
  outcome: z.string(),
  reason: z.string().nullable(),
}) satisfies z.ZodType<ActRow>

const RecordedActBody = z.object({
  ...Act.shape,
  ...{ before: z.unknown(), after: z.unknown() },
  ...{ seq: z.number().int(), atMs: z.number() },
})

const VerificationBody = z.object({
  state: z.enum(['never', 'running', 'done', 'failed']),
  done: z.number(),
  of: z.number(),
  upTo: z.number(),
  checkedMs: z.number().nullable(),
  faults: z.array(
    z.object({
      fault: z.string(),
      seq: z.number(),
      toSeq: z.number().nullable(),
      atMs: z.number().nullable(),
      detail: z.string().nullable(),
    }),
  ),
  problem: z.string().nullable(),
})

const config = { action: 'audit.read' } as const

export function actRoutes(app: App, { acts, audit, database }: AppParts): void {
  app.get(
    '/api/acts',
    {
      config,
      schema: {
        tags,
        summary: 'Who did what, newest first, as far as the caller may read it',
        querystring: Query.extend({
          after: z.coerce
            .number()
            .int()
            .positive()
            .optional()
            .describe('Goes on behind the act of this number'),
          limit: z.coerce.number().int().min(1).max(500).default(100),
        }),
        response: {
          200: z.object({
            acts: z.array(ActRowBody),
            next: z.number().nullable().describe('For `after`; null: there are no more'),
          }),
          default: problemResponse,
        },
      },
    },
    async ({ query, principal }) => {
      const { after, limit } = query
      const found = await find(database, principal, { ...filterOf(query), before: after, limit: limit + 1 })
      const shown = found.slice(0, limit)
      return { acts: shown, next: found.length > limit ? shown.at(-1)!.seq : null }
    },
  )
  app.get(
    '/api/acts.csv',
    {
      config,
      schema: {
        tags,
        summary: `The same as CSV for spreadsheets, at most ${maxCsvRows} acts`,
        querystring: Query,
        response: {
          200: { description: 'CSV', content: { 'text/csv': { schema: z.instanceof(Readable) } } },
          default: problemResponse,
        },
      },
    },
    async (request, reply) => {
      const { query, principal } = request
      const filter = filterOf(query)
      // Whoever carries the log away is in it.
      const asked = Object.fromEntries(
        Object.entries(request.query).filter(([, value]) => value !== undefined),
      )
      await recordAct(acts, request, { action: 'acts.export', object: null, after: asked })
      const lines = csvOf((before) => find(database, principal, { ...filter, before, limit: pageRows }))
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="acts.csv"')
        .send(Readable.from(lines))
    },
  )
  app.get(
    '/api/acts/:seq',
    {
      config,
      schema: {
        tags,
        summary: 'One act with what was before and after it',
        params: z.object({ seq: z.coerce.number().int().positive() }),
        response: { 200: RecordedActBody, default: problemResponse },
      },
    },
    async ({ params: { seq }, principal }) => {
      const act = await actAt(acts, seq)
      // What somebody may not see is not told apart from what is not there.
      if (act !== undefined && mayRead(principal, act)) return act
      throw new Problem({
        status: 404,
        code: 'unknown-act',
        title: `Found no act ${seq}`,
        detail: '/api/acts lists them.',
      })
    },
  )
  app.get(
    '/api/acts/verification',
    {
      config,
      schema: {
        tags,
        summary: 'How far the log of acts has been verified since the centre was started, and what was found',
        response: { 200: VerificationBody, default: problemResponse },
      },
    },
    async () => audit.verification as z.infer<typeof VerificationBody>,
  )
  app.post(
    '/api/acts/verification',
    {
      config,
      schema: {
        tags,
        summary: 'Begins to verify every signature and the chain of the log of acts; GET tells how it goes',
        body: z.object({}),
        response: { 200: VerificationBody, default: problemResponse },
      },
    },
    async (request) => {
      await recordAct(acts, request, { action: 'acts.verify', object: null })
      audit.verify()
      return audit.verification as z.infer<typeof VerificationBody>
    },
  )
}

function filterOf({
  from,
  to,
  account,
  action,
  object,
}: z.output<typeof Query>): Omit<ActFilter, 'before' | 'limit'> {
  return { fromMs: from, toMs: to, account, action, object }
}

async function find(database: Queryable, principal: Principal, filter: ActFilter): Promise<ActRow[]> {
  const rows = await indexedActs(database, filter, readablePlaces(principal))
  return rows.filter((row) => mayRead(principal, row))
}

function mayRead(principal: Principal, { jurisdiction }: Pick<Act, 'jurisdiction'>): boolean {
  return permits(principal, 'audit.read', { jurisdiction, departments: [], enterprise: null })
}

async function actAt(acts: ActLog, seq: number): Promise<RecordedAct | undefined> {
  for await (const act of acts.read(seq)) return act.seq === seq ? act : undefined
  return undefined
}

/** A page at a time, so that a century of acts needs no memory. */
async function* csvOf(page: (before: number | undefined) => Promise<ActRow[]>): AsyncGenerator<string> {
  // The mark by which spreadsheets know UTF-8.
  yield `\uFEFF${csvLine(['seq', 'time', 'action', 'account', 'name', 'via', 'from', 'object', 'id', 'jurisdiction', 'outcome', 'reason'])}`
  let before: number | undefined
  for (let rows = 0; rows < maxCsvRows; ) {
    const found = await page(before)
    for (const act of found) {
      const { seq, atMs, action, account, name, via, from, object, jurisdiction, outcome, reason } = act
      const time = new Date(atMs).toISOString()
      const place = [object?.kind ?? null, object?.id ?? null, jurisdiction]
      yield csvLine([seq, time, action, account, name, via, from, ...place, outcome, reason])
    }
    if (found.length < pageRows) return
    rows += found.length
    before = found.at(-1)!.seq
  }
}
