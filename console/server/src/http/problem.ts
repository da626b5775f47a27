import { type ChangeProblem, type Entity, FarwatchError } from '@farwatch/model'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { z } from 'zod'

/** The body of every error: `application/problem+json` (RFC 9457). */
export const ProblemBody = z.object({
  /** `urn:farwatch:problem:CODE` */
  type: z.string(),
  /** What was found and what was expected. */
  title: z.string(),
  status: z.number().int(),
  /** What to do, where that is known. */
  detail: z.string().optional(),
  /** Every fault of the request, where there are several. */
  problems: z.array(z.object({ path: z.string(), message: z.string(), found: z.string() })).optional(),
  /** What is wrong with each line of a change of the registry, in both languages. */
  lines: z
    .array(
      z.object({
        ...{ line: z.number().int(), path: z.string(), code: z.string() },
        ...{ zh: z.string(), en: z.string() },
      }) satisfies z.ZodType<ChangeProblem>,
    )
    .optional(),
  /** Lines whose things have been changed by somebody else, and how they stand now; null: they are not there. */
  conflicts: z.array(z.object({ line: z.number().int(), current: z.unknown() })).optional(),
})
export type ProblemBody = z.infer<typeof ProblemBody>

interface ProblemParts {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail?: string
  readonly problems?: ProblemBody['problems']
  readonly lines?: readonly ChangeProblem[]
  readonly conflicts?: readonly { readonly line: number; readonly current: Entity | null }[]
  /** Seconds after which it makes sense to ask again. */
  readonly retryAfterS?: number
}

/** A request that is answered with a problem. */
export class Problem extends FarwatchError {
  readonly status: number
  readonly body: ProblemBody
  readonly retryAfterS: number | undefined

  constructor({ status, code, title, detail, problems, lines, conflicts, retryAfterS }: ProblemParts) {
    super(code, title)
    this.status = status
    this.retryAfterS = retryAfterS ?? (status === 503 ? 5 : undefined)
    this.body = {
      ...{ type: `urn:farwatch:problem:${code}`, title, status, detail, problems },
      ...(lines === undefined ? {} : { lines: [...lines] }),
      ...(conflicts === undefined ? {} : { conflicts: [...conflicts] }),
    }
  }
}

/** What the problem is with whatever a handler threw. The inner workings of a fault of ours are never told. */
export function problemOf(error: unknown, request: FastifyRequest): Problem {
  if (error instanceof Problem) return error
  if (hasZodFastifySchemaValidationErrors(error)) return invalid(error as FastifyError, request)
  if (error instanceof FarwatchError && error.retryable) {
    const title =
      error.code === 'database-unavailable'
        ? 'The database does not answer'
        : 'It cannot be done at the moment'
    const detail =
      'Live values and alerts go on. Please ask again in a few seconds; /api/health says what is wrong.'
    return new Problem({ status: 503, code: error.code, title, detail })
  }
  const { statusCode = 500, code = '' } = error as Partial<FastifyError>
  if (statusCode < 400 || statusCode > 499) {
    return new Problem({ status: 500, code: 'internal', title: 'The server failed; its log says why' })
  }
  const known = refusals[code]
  if (known !== undefined) return new Problem({ status: statusCode, ...known(request) })
  return new Problem({ status: statusCode, code: 'bad-request', title: (error as Error).message })
}

/** The problem with a path that leads nowhere. */
export function nothingAt({ method, url }: FastifyRequest): Problem {
  return new Problem({
    status: 404,
    code: 'not-found',
    title: `Found nothing at ${method} ${quote(url)}`,
    detail: '/api/openapi.json lists what there is.',
  })
}

/** Bytes of a request's body that are read at most. */
export const bodyLimit = 64 * 1024

const expectsJson = 'expected content-type application/json'

const refusals: Readonly<Record<string, (request: FastifyRequest) => Pick<ProblemParts, 'code' | 'title'>>> =
  {
    FST_ERR_CTP_BODY_TOO_LARGE: ({ headers, routeOptions }) => ({
      code: 'body-too-large',
      title: `The body is too large: found ${headers['content-length'] ?? 'more'} bytes, expected at most ${routeOptions.bodyLimit ?? bodyLimit}`,
    }),
    FST_ERR_CTP_INVALID_MEDIA_TYPE: ({ headers }) => ({
      code: 'unsupported-media-type',
      title: `Found content-type ${quote(headers['content-type'])}, ${expectsJson}`,
    }),
    FST_ERR_CTP_EMPTY_JSON_BODY: () => ({ code: 'bad-json', title: 'Found an empty body, expected JSON' }),
    FST_ERR_CTP_INVALID_JSON_BODY: () => ({
      code: 'bad-json',
      title: 'The body is not JSON (RFC 8259): it cannot be parsed',
    }),
    FST_ERR_BAD_URL: ({ url }) => ({
      code: 'bad-url',
      title: `Found ${quote(url)}, expected a percent-encoded path`,
    }),
  }

/** As a person reads what was found: quoted, at most 100 characters. */
export function quote(found: unknown): string {
  const text = found === undefined ? 'nothing' : JSON.stringify(found)
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}

/** Where a part of the request stands, in words, and what stood there. */
const places = {
  querystring: { name: 'query', of: ({ query }: FastifyRequest) => query },
  params: { name: 'path', of: ({ params }: FastifyRequest) => params },
  body: { name: 'body', of: ({ body }: FastifyRequest) => body },
} as const

function invalid(error: FastifyError, request: FastifyRequest): Problem {
  const place = places[(error.validationContext ?? 'body') as keyof typeof places]
  const problems = (error.validation ?? []).map(({ instancePath, message = '' }) => {
    const keys = instancePath.split('/').filter((key) => key !== '')
    const found = keys.reduce(within, place.of(request))
    return { path: [place.name, ...keys].join('.'), message, found: quote(found) }
  })
  const [first] = problems
  return new Problem({
    status: 400,
    code: 'invalid-request',
    title: first === undefined ? error.message : `${first.path}: found ${first.found}: ${first.message}`,
    problems,
  })
}

/** What stands under a key; a text that was taken apart to be checked is shown whole. */
function within(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : value
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.retryAfterS !== undefined) reply.header('retry-after', String(problem.retryAfterS))
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="farwatch"')
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .serializer((body: unknown) => JSON.stringify(body))
    .send(problem.body)
}
