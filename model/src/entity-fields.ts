import type { EntityKind } from './entities.ts'
import type { Text } from './registry.ts'

/**
 * How a field is written. `name`: a name or code. `names`: several of them; `texts`: several texts. `contacts`: persons with
 * name, role and phone. A range or a text in two languages is two fields.
 */
export type FieldType =
  | 'text'
  | 'long-text'
  | 'name'
  | 'names'
  | 'texts'
  | 'number'
  | 'day'
  | 'boolean'
  | 'choice'
  | 'contacts'

/** One field of a kind, for the columns of a sheet and the form of a page alike. */
export interface Field {
  /** Where it stands in the value, `name.zh`, `range.0`; of an id its parts, `id.0`, `id.1`. */
  readonly path: string
  readonly type: FieldType
  readonly label: Text
  readonly required: boolean
  readonly unit?: string
  /** What to know before one writes something there. */
  readonly hint?: Text
  readonly example?: string
  /** Of type `choice`: everything that may stand there. */
  readonly choices?: readonly { readonly value: string; readonly label: Text }[]
  /** The kind that it names by id. */
  readonly refersTo?: EntityKind
}

/** How one kind of the registry is shown and asked for. */
export interface KindFields {
  readonly kind: EntityKind
  /** What they are called together: the name of the sheet. */
  readonly label: Text
  /** Parts of the id, which stand with `/` between. */
  readonly id: readonly Field[]
  /** Whether an id is made where none is given. */
  readonly idMade: boolean
  readonly fields: readonly Field[]
}
