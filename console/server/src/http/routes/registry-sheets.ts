import { type EntityKind, entityKinds, permits } from '@farwatch/model'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { bounds } from '../../sheets/bounds.ts'
import { writeCsv } from '../../sheets/csv.ts'
import { exportSheets, type Language, templateSheets } from '../../sheets/export.ts'
import { tooLarge } from '../../sheets/file.ts'
import { importSheets } from '../../sheets/import.ts'
import { kindFields, kinds } from '../../sheets/kinds.ts'
import { markedSheets, reportRows } from '../../sheets/marked.ts'
import { SheetProcesses } from '../../sheets/processes.ts'
import type { WrittenSheet } from '../../sheets/spreadsheet-writer.ts'
import { UnreadableFile } from '../../sheets/unreadable.ts'
import type { App, AppParts } from '../app.ts'
import { Problem } from '../problem.ts'
import { problemResponse } from '../schemas.ts'
import { FieldsBody, ImportReportBody } from '../sheet-schemas.ts'
import { importPath, sheetTypes, xlsxType } from '../sheet-types.ts'

const tags = ['registry']
const LanguageQuery = z.enum(['zh', 'en']).default('zh')
const Kind = z.enum(entityKinds as [EntityKind, ...EntityKind[]])

const csvType = 'text/csv; charset=utf-8'
const file = z.any().describe('The file')

/** The registry as workbooks and CSV files: templates, export, import. */
export function registrySheetRoutes(app: App, { clock, registryDesk: desk }: AppParts): void {
  const processes = new SheetProcesses(clock)
  const templates = new Map<Language, Buffer>()

  app.get(
    '/api/registry/fields',
    {
      config: { action: 'registry.read' },
      schema: {
        tags,
        summary: 'How each kind of the registry is shown and asked for: its fields, for forms and columns',
        response: { 200: z.array(FieldsBody), default: problemResponse },
      },
    },
    async () => [...kinds],
  )

  app.get(
    '/api/registry/template.xlsx',
    {
      config: { action: 'registry.read' },
      schema: {
        tags,
        summary: 'A workbook to fill in: a sheet a kind, an example in each, and what every column means',
        querystring: z.object({ language: LanguageQuery }),
        response: { 200: file, default: problemResponse },
      },
    },
    async (request, reply) => {
      const { language } = request.query
      const bytes =
        templates.get(language) ?? (await processes.write(templateSheets(language), endOf(request)))
      templates.set(language, bytes)
      return send(reply, { bytes, name: 'farwatch-template.xlsx' })
    },
  )

  app.get(
    '/api/registry/export.xlsx',
    {
      config: { action: 'export.make' },
      schema: {
        tags,
        summary: 'The registry as a workbook that an import reads again, of all kinds or one',
        querystring: z.object({ kind: Kind.optional(), language: LanguageQuery }),
        response: { 200: file, default: problemResponse },
      },
    },
    async (request, reply) => {
      const bytes = await processes.write(exported(request, request.query), endOf(request))
      return send(reply, { bytes, name: `farwatch-${request.query.kind ?? 'registry'}.xlsx` })
    },
  )

  app.get(
    '/api/registry/export.csv',
    {
      config: { action: 'export.make' },
      schema: {
        tags,
        summary: 'One kind of the registry as CSV that an import reads again',
        querystring: z.object({ kind: Kind, language: LanguageQuery }),
        response: { 200: file, default: problemResponse },
      },
    },
    async (request, reply) => {
      const [sheet] = exported(request, request.query)
      return send(reply, { bytes: writeCsv(textsOf(sheet!)), name: `farwatch-${request.query.kind}.csv` })
    },
  )

  function exported(
    { principal }: FastifyRequest,
    { kind, language }: { kind?: EntityKind | undefined; language: Language },
  ): WrittenSheet[] {
    return exportSheets(desk, {
      language,
      kinds: kind === undefined ? kinds : [kindFields(kind)],
      maySee: (entity) => {
        const scope = desk.scopeOf(entity.kind, entity.id)
        return scope !== undefined && permits(principal, 'export.make', scope)
      },
    })
  }

  app.register(async (upload) => {
    upload.addContentTypeParser(
      [...sheetTypes],
      { parseAs: 'buffer', bodyLimit: bounds.fileBytes },
      (_request, body, done) => done(null, body),
    )
    upload.setErrorHandler((error, request) => {
      throw uploadProblem(error, request)
    })
    upload.withTypeProvider<ZodTypeProvider>().post(
      importPath,
      {
        bodyLimit: bounds.fileBytes,
        config: { action: 'registry.change', acts: 'desk' },
        schema: {
          tags,
          summary:
            'Imports a workbook or a CSV file: all of it as one change, or nothing and every mistake by its cell',
          querystring: z.object({
            dryRun: z.stringbool().default(false).describe('Only tell what would happen'),
            report: z
              .enum(['json', 'csv', 'xlsx'])
              .default('json')
              .describe(
                'csv: the mistakes as a table; xlsx: the file with its mistakes marked; both never import',
              ),
            language: LanguageQuery,
            reason: z.string().max(2_000).optional(),
          }),
          consumes: [...sheetTypes],
          response: { 200: ImportReportBody, 422: ImportReportBody, default: problemResponse },
        },
      },
      async (request, reply) => {
        const { dryRun, report: form, language, reason = null } = request.query
        const { principal } = request
        const signal = endOf(request)
        const sheets = await processes.read(bytesOf(request.body), signal)
        const report = await importSheets(sheets, desk, {
          ...{ actor: principal.actor, reason, dryRun: dryRun || form !== 'json' },
          may: (scope) => permits(principal, 'registry.change', scope),
        })
        if (form === 'csv')
          return send(reply, {
            bytes: writeCsv(reportRows(report, language)),
            name: 'farwatch-import-report.csv',
          })
        if (form === 'xlsx') {
          const bytes = await processes.write(markedSheets(sheets, report, language), signal)
          return send(reply, { bytes, name: 'farwatch-import-marked.xlsx' })
        }
        return reply.code(report.outcome === 'refused' && !dryRun ? 422 : 200).send(report)
      },
    )
  })
}

function textsOf({ columns, rows }: WrittenSheet): string[][] {
  return [columns.map(({ heading }) => heading), ...rows.map(({ cells }) => cells.map(({ text }) => text))]
}

/** A copy of its own, which a thread may take over. */
function bytesOf(body: unknown): Uint8Array {
  return body instanceof Uint8Array ? new Uint8Array(body) : new Uint8Array()
}

/** Whoever goes away in the middle keeps no thread busy. */
function endOf({ raw }: FastifyRequest): AbortSignal {
  const ended = new AbortController()
  raw.socket.once('close', () => ended.abort())
  return ended.signal
}

function uploadProblem(error: unknown, { headers }: FastifyRequest): unknown {
  const unreadable =
    (error as { code?: string }).code === 'FST_ERR_CTP_BODY_TOO_LARGE'
      ? tooLarge(Number(headers['content-length'] ?? bounds.fileBytes + 1))
      : error
  if (!(unreadable instanceof UnreadableFile)) return error
  const { code, text } = unreadable
  return new Problem({ status: code === 'too-large' ? 413 : 422, code, title: text.en, detail: text.zh })
}

function send(reply: FastifyReply, { bytes, name }: { bytes: Buffer; name: string }): FastifyReply {
  return reply
    .type(name.endsWith('.csv') ? csvType : xlsxType)
    .header('content-disposition', `attachment; filename="${name}"`)
    .serializer((body: unknown) => body as string)
    .send(bytes)
}
