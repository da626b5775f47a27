import { DatabaseError } from './errors.ts'

/** A parameter as both engines take it: text, or bytes for bytea. */
export type WireValue = string | Uint8Array | null

/**
 * Arrays become SQL arrays, other objects JSON text; a JSON array is given as its text. So both engines see the same.
 * @throws DatabaseError `database-refused` for what has no SQL form.
 */
export function toWire(value: unknown): WireValue {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' || value instanceof Uint8Array) return value
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (typeof value === 'boolean') return value ? 't' : 'f'
  if (value instanceof Date) {
    if (!Number.isNaN(value.getTime())) return value.toISOString()
  } else if (Array.isArray(value)) return arrayLiteral(value)
  else if (typeof value === 'object') return JSON.stringify(value)
  throw new DatabaseError(`a parameter has no SQL form: found ${String(value)}`, { sqlState: '22023' })
}

function arrayLiteral(items: readonly unknown[]): string {
  const parts = items.map((item) => {
    if (Array.isArray(item)) return arrayLiteral(item)
    const text = toWire(item)
    if (text === null) return 'NULL'
    const plain = typeof text === 'string' ? text : `\\x${Buffer.from(text).toString('hex')}`
    return `"${plain.replace(/[\\"]/g, '\\$&')}"`
  })
  return `{${parts.join(',')}}`
}

export type Parse = (text: string) => unknown

const bytesOf: Parse = (text) => new Uint8Array(Buffer.from(text.slice(2), 'hex'))
/** Sessions run in UTC, so the text ends in `+00`. Microseconds are cut to milliseconds. */
const dateOf: Parse = (text) => new Date(text.replace(' ', 'T').replace(/\+00$/, 'Z'))

/** By type OID (pg_type.dat); every other type stays text. */
export const scalarParsers: Readonly<Record<number, Parse>> = {
  16: (text) => text === 't',
  17: bytesOf,
  20: Number,
  21: Number,
  23: Number,
  26: Number,
  114: JSON.parse,
  700: Number,
  701: Number,
  1184: dateOf,
  3802: JSON.parse,
}

const text: Parse = (value) => value

/** Array type OID → how its elements are read. */
export const elementParsers: Readonly<Record<number, Parse>> = {
  1000: scalarParsers[16]!,
  1005: Number,
  1007: Number,
  1009: text,
  1015: text,
  1016: Number,
  1021: Number,
  1022: Number,
  1185: dateOf,
  1231: text,
}
