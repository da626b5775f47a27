import type { Entity, Field, KindFields, RegistryDesk, Text } from '@farwatch/model'
import { valueAt } from '@farwatch/model/field-paths'
import { remarkSign } from './headings.ts'
import { kinds } from './kinds.ts'
import type { WrittenCell, WrittenSheet } from './spreadsheet-writer.ts'
import { formatCell } from './values.ts'

export type Language = keyof Text

export interface ExportChoice {
  readonly language: Language
  readonly kinds: readonly KindFields[]
  readonly maySee: (entity: Entity) => boolean
}

/** What the registry holds, one sheet a kind, in the columns that an import reads. */
export function exportSheets(
  desk: RegistryDesk,
  { language, kinds: chosen, maySee }: ExportChoice,
): WrittenSheet[] {
  return chosen.map((fields) => ({
    name: fields.label[language],
    columns: columnsOf(fields, language),
    rows: desk
      .list(fields.kind)
      .filter(maySee)
      .map((entity) => ({ cells: cellsOf(fields, entity, language) })),
  }))
}

function cellsOf({ id, fields }: KindFields, entity: Entity, language: Language): WrittenCell[] {
  const parts = id.length === 1 ? [entity.id] : entity.id.split('/')
  return [
    ...parts.map((text) => ({ text })),
    ...fields.map((field) => {
      const text = formatCell(field, valueAt(entity.value, field.path), language)
      return { text, number: field.type === 'number' && text !== '' }
    }),
  ]
}

function columnsOf({ id, fields }: KindFields, language: Language): WrittenSheet['columns'] {
  return [...id, ...fields].map((field) => ({
    heading: headingOf(field, language),
    width: Math.max(12, Math.min(36, headingOf(field, 'zh').length * 2 + 2)),
    choices: field.choices?.map(({ label }) => label[language]),
  }))
}

function headingOf({ label, required, unit }: Field, language: Language): string {
  const brackets = language === 'zh' ? ['（', '）'] : [' (', ')']
  return `${label[language]}${unit === undefined ? '' : brackets.join(unit)}${required ? ' *' : ''}`
}

/** The sheets to fill in, each with an example that no import reads, and a sheet that explains every column. */
export function templateSheets(language: Language): WrittenSheet[] {
  return [
    ...kinds.map((fields) => ({
      name: fields.label[language],
      columns: columnsOf(fields, language),
      rows: [{ remark: true, cells: exampleOf(fields, language) }],
    })),
    notes(language),
  ]
}

function exampleOf({ id, fields }: KindFields, language: Language): WrittenCell[] {
  return [...id, ...fields].map(({ example = '', choices, type }, i) => {
    const shown =
      example !== ''
        ? example
        : (choices?.[0]?.label[language] ?? (type === 'boolean' ? (language === 'zh' ? '否' : 'no') : ''))
    return { text: i === 0 ? `${remarkSign} ${shown}` : shown }
  })
}

const words = {
  zh: {
    name: '# 说明',
    headings: ['工作表', '列', '必填', '可填内容', '说明'],
    yes: '必填',
    boolean: '是、否',
  },
  en: {
    name: '# Notes',
    headings: ['Sheet', 'Column', 'Required', 'Allowed', 'Note'],
    yes: 'required',
    boolean: 'yes, no',
  },
} as const

function notes(language: Language): WrittenSheet {
  const { name, headings, yes, boolean } = words[language]
  const widths = [16, 24, 10, 50, 60]
  return {
    name,
    columns: headings.map((heading, i) => ({
      heading: i === 0 ? `${remarkSign} ${heading}` : heading,
      width: widths[i]!,
    })),
    rows: kinds.flatMap((fields) =>
      [...fields.id, ...fields.fields].map((field) => ({
        cells: [
          `${remarkSign} ${fields.label[language]}`,
          field.label[language],
          field.required ? yes : '',
          field.choices?.map(({ label }) => label[language]).join(', ') ??
            (field.type === 'boolean' ? boolean : ''),
          field.hint?.[language] ?? '',
        ].map((text) => ({ text })),
      })),
    ),
  }
}
