import { createCipheriv } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  type CipherForm,
  cipherForms,
  decryptSegment,
  Hj212Address,
  Hj212Framer,
  Hj212Packets,
  hj212Readings,
  parseHj212Segment,
} from '@farwatch/gateway/decoders'
import { isTime } from '@farwatch/model'
import { systemClock } from '@farwatch/runtime'
import { mutateBytes } from '../mutate/bytes.ts'
import { mutateText } from '../mutate/text.ts'
import type { Random } from '../random.ts'
import { mustHold, same, type Target, type TargetKind } from '../target.ts'

/** What loggers send: frames of HJ 212, as they stand in the golden data of the gateway. */

const frames = readFileSync(
  fileURLToPath(import.meta.resolve('@farwatch/gateway/testdata/hj212-frames.txt')),
  'latin1',
)
  .split('\n')
  .filter((line) => line.startsWith('##'))

const mns = ['010000A8900016F000169DC0', 'LD130133000015']
const factors = ['a21026', 'a21002', 'a01011', 'w01018', 'w01001', 'w21003', 'B01', '011', '060']
const wanted = ['real-time', 'minute', 'hour', 'day'] as const
const points = mns.flatMap((mn) =>
  factors.flatMap((factor) =>
    wanted.map((report) => ({
      key: `${mn}/${report}/${factor}`,
      address: Hj212Address.parse({ mn, factor, report }),
      intervalMs: 1_000,
    })),
  ),
)

/** Annex A bit by bit, not the gateway's. */
function check(segment: Uint8Array): string {
  let register = 0xffff
  for (const byte of segment) {
    register = (register >> 8) ^ byte
    for (let bit = 0; bit < 8; bit++) register = (register >> 1) ^ ((register & 1) * 0xa001)
  }
  return register.toString(16).padStart(4, '0').toUpperCase()
}

function framed(segment: Uint8Array): Buffer {
  const head = Buffer.from(`##${String(segment.length).padStart(4, '0')}`)
  return Buffer.concat([head, segment, Buffer.from(`${check(segment)}\r\n`)])
}

/** Bytes anywhere; or words within a segment that is then framed rightly, so that what is behind the check is reached. */
function mutate(seed: Uint8Array, random: Random): Uint8Array {
  const text = Buffer.from(seed).toString('latin1')
  const begin = Buffer.from(random.pick(frames), 'latin1')
  if (random.chance(0.4)) return Buffer.concat([mutateBytes(seed, random), begin])
  const segment = text.slice(6, -6)
  const pieces = segment.split(/(?<=[;,&=])/)
  const at = random.below(pieces.length)
  const other = random.pick(frames).split(/(?<=[;,&=])/)
  pieces[at] = random.chance(0.5) ? random.pick(other) : mutateText(pieces[at]!, random)
  const bytes = Buffer.from(pieces.join(''), random.chance(0.5) ? 'latin1' : 'utf8').subarray(0, 9_999)
  return random.chance(0.5) ? framed(bytes) : Buffer.concat([framed(bytes), begin, framed(bytes)])
}

const key = Buffer.from('0000000000000000')

/** The report of HJ 212-2025's example with its data area encrypted, in every form: whole blocks, and a tail in plain text. */
const encrypted = cipherForms.map((form) => {
  const segment = frames.find((one) => one.startsWith('##0234'))!.slice(6, -4)
  const [head, area] = segment.split('&&') as [string, string]
  const whole = area.length - (area.length % 16)
  const cipher = createCipheriv('sm4-ecb', key, null).setAutoPadding(false)
  const blocks = Buffer.concat([cipher.update(area.slice(0, whole)), cipher.final()])
  const code = form === 'binary' ? blocks : Buffer.from(blocks.toString(form))
  const sent = Buffer.concat([Buffer.from(`${head}&&`), code, Buffer.from(`${area.slice(whole)}&&`)])
  return Buffer.concat([Buffer.from(`##0${sent.length}`), sent, Buffer.from('B541\r\n')])
})

/** Segments that an encrypting logger may have meant; the check of each covers its plain text. */
function decrypted(input: Uint8Array, form: CipherForm): number {
  const framer = new Hj212Framer({
    accept: new Set(),
    decrypt: (segment) => decryptSegment(segment, key, form),
    isBinary: form === 'binary',
  })
  const said = Buffer.from(input).toString('latin1').toUpperCase()
  let count = 0
  for (const event of framer.push(Buffer.from(input))) {
    if (event.kind !== 'frame') continue
    count++
    mustHold(said.includes(check(event.plain)), 'a plain text without its check')
    parseHj212Segment(event.plain)
  }
  return count
}

function segmentsOf(input: Uint8Array, cuts: readonly number[]): Buffer[] {
  const framer = new Hj212Framer({ accept: new Set() })
  const found: Buffer[] = []
  const edges = [0, ...[...cuts].sort((one, other) => one - other), input.length]
  for (let i = 1; i < edges.length; i++) {
    const one = Buffer.from(input.subarray(edges[i - 1], edges[i]))
    for (const event of framer.push(one)) if (event.kind === 'frame') found.push(event.plain)
  }
  return found
}

/** Everything a segment writes for a part of a factor, found without taking the segment apart. */
function written(segment: string, factor: string, part: string): string[] {
  const pattern = new RegExp(`(?:&&|[;,])\\s*${factor}-${part}\\s*=([^,;&]*)`, 'g')
  return [...segment.matchAll(pattern)].map(([, value]) => value!.trim())
}

function judge(input: Uint8Array, random: Random): 'accepted' | 'refused' {
  const bytes = Buffer.from(input)
  const segments = segmentsOf(input, [])
  const cut = segmentsOf(
    input,
    Array.from({ length: 1 + random.below(5) }, () => random.below(input.length + 1)),
  )
  mustHold(
    segments.length === cut.length && segments.every((segment, i) => same(segment, cut[i]!)),
    'other segments when cut otherwise',
  )
  const packets = new Hj212Packets(systemClock, () => undefined)
  const said = segments.map((segment) => segment.toString('latin1')).join(' ')
  for (const plain of segments) {
    mustHold(bytes.includes(plain), 'a segment that was not sent')
    mustHold(
      bytes
        .toString('latin1')
        .toUpperCase()
        .includes(`${plain.toString('latin1').toUpperCase()}${check(plain)}`),
      'a segment without its check',
    )
    const parsed = parseHj212Segment(plain)
    if ('refused' in parsed) {
      mustHold(parsed.detail.length <= 300, `a detail of ${parsed.detail.length} characters`)
      continue
    }
    const { segment } = parsed
    const message = packets.add(segment)
    if (message === undefined) continue
    const mine = points.filter(({ address }) => address.mn === segment.mn)
    const { samples, faults } = hj212Readings(segment.cn, message.area, mine)
    mustHold(samples.length + faults.length <= 2 * mine.length + 1, `${samples.length} samples`)
    const alone = message.packets.length === 1 ? plain.toString('latin1') : undefined
    for (const { point, timeMs, value } of samples) {
      const { address } = mine.find(({ key }) => key === point)!
      mustHold(isTime(timeMs), `time ${timeMs}`)
      const stamp = new Date(timeMs + 8 * 3_600_000).toISOString().replace(/\D/g, '').slice(0, 14)
      mustHold(said.includes(stamp), `time ${stamp} stands nowhere`)
      if (value === null || alone === undefined) continue
      const values = written(alone, address.factor, address.part)
      mustHold(values.length > 0, `${point} stands nowhere`)
      for (const text of values) mustHold(Number(text) === value, `${point}: ${value} for ${text}`)
    }
  }
  const secrets = cipherForms.reduce((count, form) => count + decrypted(input, form), 0)
  return segments.length + secrets > 0 ? 'accepted' : 'refused'
}

const target: Target & { readonly share: number } = {
  name: 'hj212',
  share: 15,
  seeds: [...frames.map((frame) => Buffer.from(`${frame}\r\n`, 'latin1')), ...encrypted],
  mutate,
  judge,
}

export const hj212: readonly TargetKind[] = [{ name: target.name, share: target.share, open: () => target }]
