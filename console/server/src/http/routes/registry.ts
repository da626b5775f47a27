import {
  type Change,
  type ChangeOutcome,
  EnterpriseCode,
  type Entity,
  type EntityKind,
  entityKinds,
  JurisdictionCode,
  Name,
  PointKey,
  type Principal,
  permits,
  type RegistryDesk,
} from '@farwatch/model'
import type { FastifyRequest } from 'fastify'
import { validatorCompiler } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { App, AppParts } from '../app.ts'
import { Problem, quote } from '../problem.ts'
import { matches } from '../registry-list.ts'
import { mayRead } from '../registry-rights.ts'
import {
  ChangedBody,
  ChangesBody,
  CheckedBody,
  entityBody,
  GradeBody,
  LimitsBody,
  PastBody,
  PutBody,
  pathOf,
  putBody,
  RetireBody,
  SuccessionBody,
  TypedChangesBody,
} from '../registry-schemas.ts'
import { problemResponse } from '../schemas.ts'
import { Instant } from './history.ts'

const tags = ['registry']
const read = { action: 'registry.read' } as const
// A change of the registry is its act.
const change = { action: 'registry.change', acts: 'desk' } as const
/** Fits 2,000 points in one change, with room. */
const changesLimit = 4 * 1024 * 1024

const Id = z.object({ id: z.string().min(1).max(300).describe('Percent-encoded: SITE%2FDEVICE') })
const ListQuery = z.object({
  jurisdiction: JurisdictionCode.optional().describe('Only what lies in it'),
  site: Name.optional().describe('Only what stands at it'),
  enterprise: EnterpriseCode.optional().describe('Only what is its'),
  text: z.string().min(1).max(100).optional().describe('Only what has it in its id or any text'),
  after: z.string().max(300).optional().describe('Go on after this id'),
  limit: z.coerce.number().int().min(1).max(10_000).default(1_000),
})

/** What comes out was checked when it came in; a value of older rules must not break a list. */
const asItIs = { serializerCompiler: () => (body: unknown) => JSON.stringify(body) }

/** Lets the registry judge the values, which tells every problem of them in both languages. */
const judgedByRegistry = (envelope: z.ZodType) => ({
  validatorCompiler: (route: CompilerInput) => {
    const schema = route.httpPart === 'body' ? envelope : (route.schema as z.ZodType)
    return validatorCompiler({ ...route, schema })
  },
})
type CompilerInput = Omit<Parameters<typeof validatorCompiler>[0], 'schema'> & { readonly schema: unknown }

export function registryRoutes(app: App, { registryDesk: desk, clock }: AppParts): void {
  for (const kind of entityKinds) kindRoutes(app, desk, kind)

  app.post(
    '/api/registry/changes',
    {
      ...{ config: change, bodyLimit: changesLimit, ...asItIs, ...judgedByRegistry(ChangesBody) },
      schema: {
        tags,
        summary:
          'Many lines at once: all are done, as one act, or none; with dryRun only their problems are told',
        querystring: z.object({ dryRun: z.stringbool().default(false) }),
        body: TypedChangesBody,
        response: { 200: z.union([ChangedBody, CheckedBody]), default: problemResponse },
      },
    },
    async (request) => {
      const { changes, reason } = request.body as z.infer<typeof ChangesBody>
      const by = { ...changerOf(request.principal), reason }
      if (request.query.dryRun) return { problems: [...desk.check(changes, by.may)] }
      return doneOf(await desk.change(changes, by))
    },
  )

  app.get(
    '/api/registry/jurisdictions/:id/succession',
    {
      ...{ config: change, ...asItIs },
      schema: {
        tags,
        summary:
          'The ready-made change that moves all members of a jurisdiction to its successor and abolishes it',
        params: Id,
        querystring: z.object({ to: JurisdictionCode }),
        response: { 200: SuccessionBody, default: problemResponse },
      },
    },
    async ({ principal, params, query }) => {
      const entity = known(desk, principal, 'jurisdiction', params.id)
      const { may } = changerOf(principal)
      const changes = desk.succession(entity.id, query.to)
      return { changes: changes.filter(({ kind, id }) => may(desk.scopeOf(kind, id)!)) }
    },
  )

  app.get(
    '/api/registry/devices/:id/grade',
    {
      ...{ config: read, ...asItIs },
      schema: {
        tags,
        summary:
          'Whether a device’s readings are a lead or good for enforcement, and by which review and calibration',
        params: Id,
        querystring: z.object({ at: Instant.optional().describe('Now unless given') }),
        response: { 200: GradeBody, default: problemResponse },
      },
    },
    async ({ principal, params, query }) => {
      const { id } = known(desk, principal, 'device', params.id)
      return desk.evidenceGrade(id, query.at ?? clock.now())
    },
  )

  app.get(
    '/api/points/:key/limits',
    {
      ...{ config: { action: 'monitoring.read' }, ...asItIs },
      schema: {
        tags: ['monitored'],
        summary: 'The limits of a point, or of its outlet, in force at a time, by today’s knowledge',
        params: z.object({ key: PointKey.describe('SITE%2FDEVICE%2FMETRIC') }),
        querystring: z.object({ at: Instant.optional().describe('Now unless given') }),
        response: { 200: LimitsBody, default: problemResponse },
      },
    },
    async ({ principal, params: { key }, query: { at: atMs = clock.now() } }) => {
      const scope = desk.get('point', key) === undefined ? undefined : desk.scopeOf('point', key)
      if (scope === undefined || !permits(principal, 'monitoring.read', scope)) throw unknown('point', key)
      return { point: key, atMs, limits: [...desk.limitsAt(key, atMs)] }
    },
  )
}

function kindRoutes(app: App, desk: RegistryDesk, kind: EntityKind): void {
  const path = pathOf(kind)
  const Body = entityBody(kind)

  app.get(
    path,
    {
      ...{ config: read, ...asItIs },
      schema: {
        tags,
        summary: `Every ${kind} that the caller may see, by id`,
        description: 'More than `limit`: the header Link (rel="next", RFC 8288) leads on.',
        querystring: ListQuery,
        response: { 200: z.array(Body), default: problemResponse },
      },
    },
    async ({ principal, query }, reply) => {
      const { after = '', limit, ...filter } = query
      const page: Entity<EntityKind>[] = []
      for (const entity of desk.list<EntityKind>(kind)) {
        if (entity.id <= after || !matches(desk, entity, filter) || !mayRead(desk, principal, entity))
          continue
        if (page.length === limit) {
          reply.header('link', nextLink(path, { ...filter, limit, after: page.at(-1)!.id }))
          break
        }
        page.push(entity)
      }
      return page as z.output<typeof Body>[]
    },
  )

  app.get(
    `${path}/:id`,
    {
      ...{ config: read, ...asItIs },
      schema: {
        ...{ tags, summary: `One ${kind}; its version is the ETag`, params: Id },
        response: { 200: Body, default: problemResponse },
      },
    },
    async ({ principal, params }, reply) => {
      const entity = known(desk, principal, kind, params.id)
      reply.header('etag', `"${entity.version}"`)
      return entity as z.output<typeof Body>
    },
  )

  app.get(
    `${path}/:id/history`,
    {
      ...{ config: read, ...asItIs },
      schema: {
        ...{
          tags,
          summary: `Every value that a ${kind} has had, oldest first, with who, when and why`,
          params: Id,
        },
        response: { 200: z.array(PastBody), default: problemResponse },
      },
    },
    async ({ principal, params: { id } }) => {
      if (desk.scopeOf(kind, id) === undefined || !mayRead(desk, principal, { kind, id }))
        throw unknown(kind, id)
      return [...(await desk.history(kind, id))]
    },
  )

  app.put(
    `${path}/:id`,
    {
      ...{ config: change, ...asItIs, ...judgedByRegistry(PutBody) },
      schema: {
        tags,
        summary: `Registers a ${kind} (If-None-Match: *) or changes it (If-Match: "VERSION")`,
        ...{ params: Id, body: putBody(kind) },
        response: { 200: Body, default: problemResponse },
      },
    },
    async (request, reply) => {
      const { value, reason } = request.body as z.infer<typeof PutBody>
      const line = { kind, id: request.params.id, expect: expectedOf(request), value: value ?? {} }
      const entity = await changeOne(desk, line, { ...changerOf(request.principal), reason })
      reply.header('etag', `"${entity!.version}"`)
      return entity as z.output<typeof Body>
    },
  )

  app.delete(
    `${path}/:id`,
    {
      ...{ config: change, ...asItIs },
      schema: {
        tags,
        summary: `Retires a ${kind} (If-Match: "VERSION"); its history stays`,
        ...{ params: Id, body: RetireBody },
        response: { 200: z.object({ retired: z.string() }), default: problemResponse },
      },
    },
    async (request) => {
      const { id } = request.params
      const line = { kind, id, expect: expectedOf(request), value: null }
      await changeOne(desk, line, { ...changerOf(request.principal), reason: request.body.reason })
      return { retired: id }
    },
  )
}

/** Something that the caller may see. */
function known<K extends EntityKind>(
  desk: RegistryDesk,
  principal: Principal,
  kind: K,
  id: string,
): Entity<K> {
  const entity = desk.get(kind, id)
  if (entity === undefined || !mayRead(desk, principal, entity)) throw unknown(kind, id)
  return entity
}

function changerOf(principal: Principal) {
  const may = (scope: Parameters<typeof permits>[2]) => permits(principal, 'registry.change', scope)
  return { actor: principal.actor, may }
}

async function changeOne(
  desk: RegistryDesk,
  line: Change,
  by: Parameters<RegistryDesk['change']>[1],
): Promise<Entity | undefined> {
  const outcome = await desk.change([line], by)
  if (outcome.outcome === 'conflict') {
    const [conflict] = outcome.conflicts
    if (conflict?.current === null) throw unknown(line.kind, line.id)
    throw new Problem({
      ...{ status: 412, code: 'changed-meanwhile', conflicts: outcome.conflicts },
      title: `${line.kind} ${quote(line.id)}: found version ${conflict?.current?.version}, expected ${line.expect}`,
      detail:
        'Somebody else has changed it, or it exists already; conflicts[0].current is how it stands now.',
    })
  }
  doneOf(outcome)
  return desk.get(line.kind, line.id)
}

/** What was done, or the problem that says why not. */
function doneOf(outcome: ChangeOutcome) {
  if (outcome.outcome === 'done') return { version: outcome.version, entities: [...outcome.entities] }
  if (outcome.outcome === 'conflict') {
    const { conflicts } = outcome
    throw new Problem({
      ...{ status: 409, code: 'changed-meanwhile', conflicts },
      title: `Found ${conflicts.length} lines whose things are not as they were seen; nothing was changed`,
      detail: 'conflicts says how each stands now.',
    })
  }
  const lines = outcome.problems
  const [first] = lines
  const forbidden = lines.every(({ code }) => code === 'not-permitted')
  throw new Problem({
    ...(forbidden ? { status: 403, code: 'forbidden' } : { status: 422, code: 'change-refused' }),
    title: `Found ${lines.length} problems, the first in line ${(first?.line ?? 0) + 1}: ${first?.en}`,
    detail: 'Nothing was changed; lines says everything that is wrong.',
    lines,
  })
}

/** The version that a caller has seen. */
function expectedOf({ headers }: FastifyRequest): number {
  const seen = /^(?:W\/)?"(\d{1,15})"$/.exec(headers['if-match'] ?? '')?.[1]
  if (seen !== undefined) return Number(seen)
  if (headers['if-none-match'] === '*') return 0
  throw new Problem({
    status: 428,
    code: 'version-required',
    title: `Found If-Match ${quote(headers['if-match'])}, expected the version that was seen, such as "3"`,
    detail: 'GET answers it as ETag. To register something new, send If-None-Match: *.',
  })
}

function unknown(kind: EntityKind, id: string): Problem {
  return new Problem({
    status: 404,
    code: kind === 'point' ? 'unknown-point' : 'unknown-entity',
    title: `Found no ${kind} ${quote(id)}`,
    detail: `${pathOf(kind)} lists those there are.`,
  })
}

function nextLink(path: string, query: Readonly<Record<string, string | number | undefined>>): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) parameters.set(name, String(value))
  return `<${path}?${parameters}>; rel="next"`
}
