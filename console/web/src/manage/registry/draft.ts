import type { ChangeProblem, Field, KindFields, Text } from '@farwatch/model'
import { valueAt, withValueAt } from '@farwatch/model/field-paths'

/** A contact as it is being written. */
export interface ContactDraft {
  readonly name: string
  readonly role: string
  readonly phone: string
}
export type FieldDraft = string | readonly ContactDraft[]
/** What stands in a form, by the paths of its fields. */
export type Draft = Readonly<Record<string, FieldDraft>>

/** What a form shows of a value. */
export function draftOf({ id, fields }: KindFields, entityId: string, value: unknown): Draft {
  const parts = id.length === 1 ? [entityId] : entityId.split('/')
  return Object.fromEntries([
    ...id.map((field, i) => [field.path, parts[i] ?? '']),
    ...fields.map((field) => [field.path, fieldDraft(field, valueAt(value, field.path))]),
  ]) as Draft
}

function fieldDraft({ type }: Field, value: unknown): FieldDraft {
  if (type === 'contacts')
    return ((value ?? []) as Partial<ContactDraft>[]).map(({ name = '', role = '', phone = '' }) => ({
      name,
      role,
      phone,
    }))
  if (Array.isArray(value)) return value.join('; ')
  return value === undefined || value === null ? '' : String(value)
}

export function idOf({ id }: KindFields, draft: Draft): string {
  const parts = id.map(({ path }) => String(draft[path] ?? '').trim())
  return parts.every((part) => part === '') ? '' : parts.join('/')
}

/**
 * The value that a form says, upon the one that it was opened with: what nobody touched stays as it was. What is no number goes
 * as it was written, for the centre says best what is wrong with it.
 */
export function valueIn(
  { fields }: KindFields,
  draft: Draft,
  { before, opened }: { before: unknown; opened: Draft },
): unknown {
  let value: unknown = before
  for (const field of fields) {
    const text = draft[field.path] ?? ''
    if (JSON.stringify(text) !== JSON.stringify(opened[field.path] ?? ''))
      value = withValueAt(value, field.path, fieldValue(field, text))
  }
  return value ?? {}
}

function fieldValue({ type }: Field, draft: FieldDraft): unknown {
  if (typeof draft !== 'string')
    return draft.map(({ name, role, phone }) => ({
      name: name.trim(),
      phone: phone.trim(),
      ...(role.trim() === '' ? {} : { role: role.trim() }),
    }))
  const text = draft.trim()
  if (type === 'names' || type === 'texts')
    return text
      .split(/[;；\n]/)
      .map((one) => one.trim())
      .filter((one) => one !== '')
  if (text === '') return undefined
  if (type === 'boolean') return text === 'true'
  if (type === 'number') return Number.isFinite(Number(text)) ? Number(text) : text
  return text
}

/** The field that a problem is about; undefined: the whole. */
export function fieldOfProblem(
  { id, fields }: KindFields,
  { path }: Pick<ChangeProblem, 'path'>,
): Field | undefined {
  if (path === '') return undefined
  return [...id, ...fields].find(
    (field) => field.path === path || path.startsWith(`${field.path}.`) || field.path.startsWith(`${path}.`),
  )
}

/** Fields that differ between two values, as people read them. */
export function differences(
  { fields }: KindFields,
  [before, after]: readonly [unknown, unknown],
  language: keyof Text,
): readonly { field: Field; before: string; after: string }[] {
  return fields
    .map((field) => ({
      field,
      before: shownValue(field, valueAt(before, field.path), language),
      after: shownValue(field, valueAt(after, field.path), language),
    }))
    .filter((one) => one.before !== one.after)
}

/** A value as people read it. */
export function shownValue({ type, choices, unit }: Field, value: unknown, language: keyof Text): string {
  if (value === undefined || value === null) return ''
  if (type === 'choice') return choices?.find((one) => one.value === value)?.label[language] ?? String(value)
  if (type === 'boolean') return value === true ? '✓' : '–'
  if (type === 'contacts')
    return (value as ContactDraft[])
      .map(({ name, role, phone }) => [name, role, phone].filter((part) => part).join(' '))
      .join('; ')
  if (Array.isArray(value)) return value.join('; ')
  return unit === undefined ? String(value) : `${value} ${unit}`
}
