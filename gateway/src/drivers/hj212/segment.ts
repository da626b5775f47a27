import { crcOf, crcText } from './crc.ts'
import { quoted } from './quoted.ts'

/** Bits 7–2 of Flag. A frame without Flag is of 2005. */
export type Version = '2005' | '2017' | '2025'

/** A data segment taken apart (HJ 212-2017, 6.3.2). */
export interface Segment {
  /** Number of the request, in the standard the time of sending in 17 digits; real loggers leave it out or write others. */
  readonly qn: string | undefined
  readonly st: string | undefined
  readonly cn: string
  readonly pw: string | undefined
  readonly mn: string
  readonly version: Version
  /** Bit 0 of Flag: the sender waits for an answer. */
  readonly wantsAnswer: boolean
  readonly packet: { readonly count: number; readonly number: number } | undefined
  /** The data area, between `CP=&&` and `&&`. */
  readonly area: string
}

/** Why something was not taken; `detail` is for a person, at most 300 characters. */
export interface Refused<Reason extends string> {
  readonly refused: Reason
  readonly detail: string
}

const patterns = {
  QN: /^[0-9A-Za-z]{1,32}$/,
  ST: /^\d{2}$/,
  CN: /^\d{4}$/,
  PW: /^[\x21-\x7e]{0,64}$/,
  MN: /^[0-9A-Za-z_.-]{1,64}$/,
  Flag: /^\d{1,3}$/,
  PNUM: /^\d{1,4}$/,
  PNO: /^\d{1,4}$/,
} as const
type Field = keyof typeof patterns

const fieldOf = new Map(Object.keys(patterns).map((name) => [name.toUpperCase(), name as Field]))

// Latin text between Chinese is the same in GB 18030 and in ASCII; what is malformed becomes U+FFFD, which no number takes.
const decoder = new TextDecoder('gb18030')

/** Takes the bytes between length and check apart. Names of fields are taken in any case, fields in any order. */
export function parseSegment(
  bytes: Uint8Array,
): { readonly segment: Segment } | Refused<'malformed-segment'> {
  const text = decoder.decode(bytes)
  const cut = /^(.*?);?CP=&&(.*)&&$/is.exec(text)
  if (cut === null) return malformed(`expected …;CP=&&…&&, found ${quoted(text)}`)
  const [, head, area] = cut as unknown as [string, string, string]
  if (area.includes('&&')) return malformed(`&& within the data area: ${quoted(area)}`)
  const fields = new Map<Field, string>()
  for (const piece of head.split(';')) {
    if (piece === '') continue
    const [, name, value] = /^([^=]*)=(.*)$/s.exec(piece) ?? []
    const field = fieldOf.get((name ?? '').toUpperCase())
    if (field === undefined) return malformed(`no field of a head: ${quoted(piece)}`)
    if (!patterns[field].test(value!)) return malformed(`no value of ${field}: ${quoted(piece)}`)
    if (fields.has(field)) return malformed(`${field} stands there twice`)
    fields.set(field, value!)
  }
  const [cn, mn, flag] = [fields.get('CN'), fields.get('MN'), Number(fields.get('Flag') ?? 0)]
  if (cn === undefined || mn === undefined) return malformed('CN or MN is missing')
  if (flag > 255) return malformed(`Flag ${flag} is above 255`)
  const version = (['2005', '2017', '2025'] as const)[flag >> 2]
  if (version === undefined) return malformed(`Flag ${flag} is of a version that is not known`)
  const packet = packetOf(fields)
  if (packet === 'odd') return malformed('PNUM and PNO do not fit')
  return {
    segment: {
      ...{ cn, mn, version, packet, area },
      qn: fields.get('QN'),
      st: fields.get('ST'),
      pw: fields.get('PW'),
      wantsAnswer: (flag & 1) === 1,
    },
  }
}

function packetOf(fields: ReadonlyMap<Field, string>): Segment['packet'] | 'odd' {
  const [count, number] = [fields.get('PNUM'), fields.get('PNO')].map((text) => Number(text ?? 0))
  if (count === 0 && number === 0) return undefined
  return number! >= 1 && number! <= count! ? { count: count!, number: number! } : 'odd'
}

function malformed(detail: string): Refused<'malformed-segment'> {
  return { refused: 'malformed-segment', detail }
}

export const versionBits: Readonly<Record<Version, number>> = { '2005': 0, '2017': 4, '2025': 8 }

/**
 * A whole frame, exactly as the standard has it: the check covers the segment, the length what is sent of it, which differs
 * where the data area is encrypted. `segment` must be ASCII.
 */
export function frameOf(segment: string, encrypt = (plain: Buffer): Buffer => plain): Buffer {
  const plain = Buffer.from(segment, 'latin1')
  const sent = encrypt(plain)
  const length = String(sent.length).padStart(4, '0')
  return Buffer.concat([Buffer.from(`##${length}`), sent, Buffer.from(`${crcText(crcOf(plain))}\r\n`)])
}

/**
 * Answers a notice (9013) or data (9014) under the number of what is answered; undefined where that has none.
 * The standard of 2005 puts it into the data area, the later ones into the head.
 */
export function answerTo(
  { qn, mn, pw, version }: Pick<Segment, 'qn' | 'mn' | 'pw' | 'version'>,
  cn: '9013' | '9014',
): Buffer | undefined {
  if (qn === undefined) return undefined
  const middle = `ST=91;CN=${cn};PW=${pw ?? ''};MN=${mn};Flag=${versionBits[version]}`
  return frameOf(version === '2005' ? `${middle};CP=&&QN=${qn}&&` : `QN=${qn};${middle};CP=&&&&`)
}
