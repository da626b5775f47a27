import { expect, test } from 'vitest'
import { golden, goldenFrames } from '../../testbed/hj212-frames.ts'
import { decryptSegment, encryptSegment } from './cipher.ts'
import { crcOf, crcText } from './crc.ts'
import { type Framed, Framer, type OptionalTolerance } from './framer.ts'

const framer = (accept: readonly OptionalTolerance[] = []) => new Framer({ accept: new Set(accept) })
const frames = (found: readonly Framed[]) =>
  found.flatMap((one) => (one.kind === 'frame' ? [one.plain.toString('latin1')] : []))
const tolerated = (found: readonly Framed[]) =>
  found.flatMap((one) => (one.kind === 'tolerated' ? [one.what] : []))
const refused = (found: readonly Framed[]) =>
  found.flatMap((one) => (one.kind === 'refused' ? [one.refused] : []))
const segmentOf = (frame: string) => frame.slice(6, -4)
const push = (one: Framer, text: string) => one.push(Buffer.from(text, 'latin1'))
const stream = goldenFrames.map((frame) => `${frame}\r\n`).join('')
const segments = goldenFrames.map(segmentOf)

const interval = golden('CN=1062')

test('D3 the check of annex A is not CRC-16/MODBUS', () => {
  expect(crcText(crcOf(Buffer.from('123456789')))).toBe('2F80')
})

test('D3 every golden frame is read, in one piece, byte by byte, and cut in two at every byte', () => {
  const whole = push(framer(), stream)
  expect(frames(whole)).toEqual(segments)
  expect(refused(whole)).toEqual([])
  expect(tolerated(whole)).toEqual(['lower-case-crc'])
  const slow = framer()
  const dripped = Array.from(stream, (byte) => push(slow, byte)).flat()
  expect(frames(dripped)).toEqual(segments)
  expect(tolerated(dripped)).toEqual(['lower-case-crc'])
  for (let cut = 1; cut < stream.length; cut++) {
    const one = framer()
    const found = [...push(one, stream.slice(0, cut)), ...push(one, stream.slice(cut))]
    expect(frames(found), `cut at ${cut}`).toEqual(segments)
    expect(refused(found), `cut at ${cut}`).toEqual([])
    expect(one.isHalf).toBe(false)
  }
})

test('D3 no single wrong byte gives a frame that says something else', () => {
  for (const frame of [interval, golden('LD130133000015'), golden('CN=1013')]) {
    const next = `${golden('CN=2081')}\r\n`
    for (let at = 0; at < frame.length; at++) {
      for (const bit of [0x01, 0x02, 0x10, 0x20, 0x80]) {
        const bytes = Buffer.from(`${frame}\r\n${next}`, 'latin1')
        bytes[at]! ^= bit
        const one = framer()
        const found = [...one.push(bytes), ...push(one, '\r\n'.repeat(6_000))]
        const given = frames(found)
        expect(given.at(-1), `byte ${at}`).toBe(segmentOf(golden('CN=2081')))
        for (const segment of given.slice(0, -1)) expect(segment, `byte ${at}`).toBe(segmentOf(frame))
      }
    }
  }
})

test('D3 faults in the field are told by name: digits of the length missing, no CRLF, more marks, blanks between', () => {
  const one = framer()
  expect(tolerated(push(one, `${interval.replace('##0101', '##101')}\r\n`))).toEqual(['short-length'])
  const found = push(one, `${interval}${interval}\n#${interval}\r\n  ${interval}\r\n`)
  expect(frames(found)).toHaveLength(4)
  expect(tolerated(found)).toEqual(['missing-crlf', 'missing-crlf'])
  expect(refused(found)).toEqual([])
  expect(refused(push(one, `a word\r\n${interval}\r\n`))).toEqual(['rubbish'])
})

test('D3 a wrong length is refused by name, and taken where the configuration says so', () => {
  // As it was met in the field: one byte less announced than is there.
  const frame = interval.replace('##0101', '##0100')
  expect(refused(push(framer(), `${frame}\r\n${interval}\r\n`))).toEqual(['wrong-length'])
  expect(frames(push(framer(), `${frame}\r\n${interval}\r\n`))).toEqual([segmentOf(interval)])
  const long = interval.replace('##0101', '##0300')
  expect(refused(push(framer(), `${long}\r\n`))).toEqual(['wrong-length'])
  for (const odd of [frame, long]) {
    const taken = push(framer(['wrong-length']), `${odd}\r\n`)
    expect(frames(taken)).toEqual([segmentOf(interval)])
    expect(tolerated(taken)).toEqual(['wrong-length'])
  }
})

test('D3 a check with its bytes swapped is refused, and taken where the configuration says so', () => {
  const frame = `${interval.slice(0, -4)}801C\r\n`
  expect(refused(push(framer(), frame))).toEqual(['wrong-crc'])
  expect(tolerated(push(framer(['swapped-crc']), frame))).toEqual(['swapped-crc'])
})

test('D3 a wrong length swallows no frame that follows', () => {
  const found = push(framer(), `##9000QN=1;CP=\r\n${interval}\r\n##0000\r\n##\r\n${interval}\r\n`)
  expect(frames(found)).toEqual([segmentOf(interval), segmentOf(interval)])
})

test('D7 what never ends is held up to one frame, and no more', () => {
  const one = framer()
  for (let i = 0; i < 100; i++) push(one, '##9999'.padEnd(1_000, 'x'))
  expect(one.isHalf).toBe(true)
  expect(frames(push(one, `\r\n${interval}\r\n`))).toEqual([segmentOf(interval)])
  const flood = framer()
  for (let i = 0; i < 50; i++) push(flood, 'x'.repeat(65_536))
  expect(flood.isHalf).toBe(false)
})

const key = Buffer.from('0000000000000000')
const plainReport = golden('##0234')

test('D3 SM4: the example of HJ 212-2025, there and back, in every form', () => {
  const segment = Buffer.from(segmentOf(plainReport))
  const hex = encryptSegment(segment, key, 'hex').toString()
  expect(hex).toMatch(/CP=&&E43E159ACFAB242CB53155FB8B9281A1[0-9A-F]+98A0D03A4g=N&&$/)
  for (const form of ['hex', 'base64', 'binary'] as const)
    expect(decryptSegment(encryptSegment(segment, key, form), key, form)).toEqual(segment)
  expect(decryptSegment(segment, key, 'hex')).toBeUndefined()
})

test('D3 SM4: the check covers the plain text, the length what is sent or what it says', () => {
  const segment = Buffer.from(segmentOf(plainReport))
  for (const form of ['hex', 'base64', 'binary'] as const) {
    const sent = encryptSegment(segment, key, form)
    for (const length of [sent.length, segment.length]) {
      const one = new Framer({
        accept: new Set(),
        decrypt: (bytes) => decryptSegment(bytes, key, form),
        isBinary: form === 'binary',
      })
      const frame = Buffer.concat([Buffer.from(`##0${length}`), sent, Buffer.from('B541\r\n')])
      const found = [...one.push(frame.subarray(0, 200)), ...one.push(frame.subarray(200))]
      expect(found, `${form} ${length}`).toEqual([{ kind: 'frame', plain: segment, wasEncrypted: true }])
    }
  }
  const wrong = new Framer({
    accept: new Set(),
    decrypt: (bytes) => decryptSegment(bytes, Buffer.alloc(16), 'hex'),
  })
  const frame = `##0382${encryptSegment(segment, key, 'hex').toString()}B541\r\n`
  expect(refused(push(wrong, frame))).toEqual(['wrong-crc'])
})
