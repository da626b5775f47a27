import type { Entity, KindFields, Text } from '@farwatch/model'
import { valueAt } from '@farwatch/model/field-paths'
import { shownValue } from './draft.ts'

/** What an entity is called, without its id; of records what they say. */
export function titleOf({ kind, value }: Entity, fields: KindFields, language: keyof Text): string {
  const name = valueAt(value, 'name')
  if (typeof name === 'string') return name
  if (name !== undefined) return (name as Text)[language]
  const shown = (path: string) => {
    const field = fields.fields.find((one) => one.path === path)
    return field === undefined ? '' : shownValue(field, valueAt(value, path), language)
  }
  const told: Partial<Record<typeof kind, readonly string[]>> = {
    limit: ['point', 'outlet', 'parameter', 'side', 'value', 'unit', 'level'],
    calibration: ['device', 'on', 'by'],
    review: ['device', 'number', 'grade'],
  }
  return (told[kind] ?? [])
    .map(shown)
    .filter((one) => one !== '')
    .join(' ')
}

/** Where it lies or to whom it belongs, as far as its own value says. */
export function placeOf({ value }: Entity): string {
  const { jurisdiction, enterprise, department } = value as Readonly<Record<string, string | undefined>>
  return jurisdiction ?? enterprise ?? department ?? ''
}
