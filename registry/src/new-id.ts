import { createHash } from 'node:crypto'
import type { EntityKind, ValueOf } from '@farwatch/model'

const maxLength = 64

type Made = 'limit' | 'calibration' | 'review'

/** Whether ids of this kind are made where none is given. */
export function isMade(kind: EntityKind): kind is Made {
  return kind === 'limit' || kind === 'calibration' || kind === 'review'
}

/**
 * The id of something that people don't name: read off its value, so that the same line brought in twice is the same thing.
 */
export function newId(kind: Made, value: unknown): string {
  return nameOf(partsOf[kind](value as ValueOf<Made> & ValueOf<'limit'> & ValueOf<'review'>))
}

const partsOf: Readonly<Record<Made, (value: ValueOf<'limit'> & ValueOf<'review'>) => string[]>> = {
  limit: ({ point, outlet, parameter, side, level, validFrom }) => [
    ...(point ?? `${outlet}/${parameter}`).split('/'),
    `${side}-${level}`,
    validFrom,
  ],
  calibration: ({ device, on }) => [...device.split('/'), 'calibration', on],
  review: ({ device, number }) => [...device.split('/'), 'review', number],
}

/** As a name; what had to be left out comes back as eight digits of its hash. */
function nameOf(parts: readonly string[]): string {
  const whole = parts.join('.')
  const plain = whole.replace(/[^\p{L}\p{N}_.:-]+/gu, '-')
  if (plain === whole && plain.length <= maxLength) return plain
  const hash = createHash('sha256').update(whole).digest('hex').slice(0, 8)
  return `${plain.slice(0, maxLength - 9)}.${hash}`
}
