import { type EntityKind, entityKinds, type ImportReport, type KindFields, Text } from '@farwatch/model'
import { z } from 'zod'

const Kind = z.enum(entityKinds as [EntityKind, ...EntityKind[]])

const FieldBody = z.object({
  path: z.string().describe('Where it stands in the value, name.zh; of an id its parts, id.0'),
  type: z.enum([
    ...([
      'text',
      'long-text',
      'name',
      'names',
      'texts',
      'number',
      'day',
      'boolean',
      'choice',
      'contacts',
    ] as const),
  ]),
  label: Text,
  required: z.boolean(),
  unit: z.string().optional(),
  hint: Text.optional(),
  example: z.string().optional(),
  choices: z
    .array(z.object({ value: z.string(), label: Text }))
    .readonly()
    .optional(),
  refersTo: Kind.optional(),
})

export const FieldsBody = z.object({
  kind: Kind,
  label: Text,
  id: z.array(FieldBody).readonly().describe('Parts of the id, which stand with / between'),
  idMade: z.boolean().describe('Whether an id is made where none is given'),
  fields: z.array(FieldBody).readonly(),
}) satisfies z.ZodType<KindFields>

const Count = z.number().int()

export const ImportReportBody = z.object({
  outcome: z.enum(['ready', 'refused', 'done']).describe('refused: nothing was changed'),
  sheets: z
    .array(
      z.object({
        ...{ sheet: z.string(), kind: Kind.nullable(), rows: Count },
        ...{ added: Count, changed: Count, unchanged: Count },
      }),
    )
    .readonly(),
  changes: Count.describe('Entities that are new or different'),
  problems: z
    .array(
      z.object({
        ...{ sheet: z.string(), row: Count.nullable(), column: z.string().nullable() },
        ...{ heading: z.string().nullable(), found: z.string(), code: z.string() },
        text: z.object({ zh: z.string(), en: z.string() }),
      }),
    )
    .readonly()
    .describe('By sheet, row and column; the first 2,000'),
  problemCount: Count,
  version: Count.describe('Of the registry'),
}) satisfies z.ZodType<ImportReport>
