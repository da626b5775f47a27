import { z } from 'zod'

const maxNameLength = 64
/** As the key of an object this name would vanish without a word, somewhere on the way. */
const unsafeName = '__proto__'
const namePattern = /^[\p{L}\p{N}_.:-]+$/u

/**
 * A name that may stand in a topic, a path and a point key: letters of any script, digits, `_ . : -`, at most 64
 * characters. No `/ + #` (MQTT), no white space, no control characters.
 */
export const Name = z
  .string()
  .min(1)
  .max(maxNameLength)
  .regex(namePattern, 'letters, digits and _ . : - only')
  .refine((text) => text !== unsafeName, `${unsafeName} cannot be a name`)
export type Name = z.infer<typeof Name>

/** The same question where it is asked for every reading. */
export function isName(text: string): boolean {
  return text.length <= maxNameLength && namePattern.test(text) && text !== unsafeName
}

/** `SITE/DEVICE/METRIC`: the key of a point everywhere outside the database. */
export type PointKey = string

export const PointKey = z.string().refine(isPointKey, 'expected SITE/DEVICE/METRIC')

export function pointKey(site: string, device: string, metric: string): PointKey {
  return `${site}/${device}/${metric}`
}

const keyPattern = /^[\p{L}\p{N}_.:-]+\/[\p{L}\p{N}_.:-]+\/[\p{L}\p{N}_.:-]+$/u

/** Whether `parsePointKey` would take it apart; asked for every series. */
export function isPointKey(key: string): boolean {
  const first = key.indexOf('/')
  const second = key.indexOf('/', first + 1)
  return (
    first <= maxNameLength &&
    second - first - 1 <= maxNameLength &&
    key.length - second - 1 <= maxNameLength &&
    keyPattern.test(key) &&
    (!key.includes(unsafeName) || parsePointKey(key) !== undefined)
  )
}

export interface PointName {
  readonly site: Name
  readonly device: Name
  readonly metric: Name
}

/** The three names of a key, or undefined where it is not one. */
export function parsePointKey(key: string): PointName | undefined {
  const parts = key.split('/')
  const [site, device, metric] = parts
  if (parts.length !== 3 || site === undefined || device === undefined || metric === undefined)
    return undefined
  return isName(site) && isName(device) && isName(metric) ? { site, device, metric } : undefined
}
