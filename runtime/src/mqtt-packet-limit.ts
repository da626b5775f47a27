import type { Socket } from 'node:net'

/**
 * Bounds the MQTT packets (MQTT 3.1.1, 2.2.3) that a broker reads from a socket: aedes has no limit of its own and would
 * buffer 256 MB. The fixed headers are followed in what the broker reads, without copying; at the first one that
 * announces more than `maxBytes`, `onTooLarge` is called with the announced size and the socket is destroyed.
 * `maxBytes` is asked at each packet, so that it may depend on who turned out to be connected.
 */
export function limitPacketSize(
  socket: Socket,
  maxBytes: () => number,
  onTooLarge: (bytes: number) => void,
): void {
  const read = socket.read.bind(socket)
  /** Bytes of the current packet's body still to come; -1 while its length is being read. */
  let left = 0
  let length = 0
  let shift = 0
  let refused = false

  const exceeds = (chunk: Buffer): boolean => {
    let at = 0
    while (at < chunk.length) {
      if (left > 0) {
        const skipped = Math.min(left, chunk.length - at)
        left -= skipped
        at += skipped
      } else if (left === 0) {
        at++
        left = -1
        length = 0
        shift = 0
      } else {
        const byte = chunk[at++]!
        length += (byte & 0x7f) * 2 ** shift
        shift += 7
        if (length > maxBytes() || shift > 28) return true
        if (byte < 0x80) left = length
      }
    }
    return false
  }

  socket.read = (size?: number) => {
    const chunk: unknown = read(size)
    if (refused) return null
    if (!(chunk instanceof Buffer) || !exceeds(chunk)) return chunk
    refused = true
    onTooLarge(length)
    socket.destroy()
    return null
  }
}
