import { Socket } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { limitPacketSize } from './mqtt-packet-limit.ts'

/** A PUBLISH head that announces `length` bytes, and as many as are given. */
function packet(length: number, body = length): Buffer {
  const head = [0x30]
  for (let left = length; ; ) {
    const byte = left % 128
    left = Math.floor(left / 128)
    head.push(left > 0 ? byte | 0x80 : byte)
    if (left === 0) break
  }
  return Buffer.concat([Buffer.from(head), Buffer.alloc(body, 0xff)])
}

/** What a broker reads of these bytes when they come in the given pieces, and what was refused. */
function readInPieces(bytes: Buffer, cuts: readonly number[], most: number) {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  const pieces = places.slice(1).map((end, i) => bytes.subarray(places[i], end))
  const socket = new Socket()
  socket.read = () => pieces.shift() ?? null
  const refused: number[] = []
  limitPacketSize(
    socket,
    () => most,
    (size) => refused.push(size),
  )
  const read: Buffer[] = []
  const count = pieces.length
  for (let i = 0; i < count; i++) {
    const chunk = socket.read() as Buffer | null
    if (chunk !== null) read.push(chunk)
  }
  return { read: Buffer.concat(read), refused, destroyed: socket.destroyed }
}

const cuts = fc.array(fc.nat(), { maxLength: 12 })

test('F8 packets within the bound pass unchanged, however they are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 6 }), cuts, (lengths, where) => {
      const bytes = Buffer.concat(lengths.map((length) => packet(length)))
      const result = readInPieces(bytes, where, 300)
      expect(result.read).toEqual(bytes)
      expect(result.refused).toEqual([])
      expect(result.destroyed).toBe(false)
    }),
  )
})

test('F8 the first packet over the bound is refused at its head, however it is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 4 }),
      fc.integer({ min: 301, max: 200_000_000 }),
      cuts,
      (before, length, where) => {
        const good = Buffer.concat(before.map((one) => packet(one)))
        const result = readInPieces(Buffer.concat([good, packet(length, 50)]), where, 300)
        expect(result.refused).toHaveLength(1)
        expect(result.refused[0]).toBeGreaterThan(300)
        expect(result.destroyed).toBe(true)
        expect(result.read.length).toBeLessThanOrEqual(good.length + 4)
      },
    ),
  )
})
