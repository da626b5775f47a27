import { isBitTable, type ModbusAddress, type RegisterAddress, widths } from './address.ts'

/**
 * The value of one point out of the bytes of a reply: registers big-endian as on the wire, bits packed from the least
 * significant up. `offset` is the point's first register or bit counted from the start of the reply.
 */
export function decode(address: ModbusAddress, bytes: Buffer, offset: number): number {
  if (isBitTable(address.table)) return (bytes[offset >> 3]! >> (offset & 7)) & 1
  return decodeRegisters(address as RegisterAddress, bytes.subarray(offset * 2))
}

function decodeRegisters({ type, order, bit, scale, offset }: RegisterAddress, bytes: Buffer): number {
  const value = Buffer.from(bytes.subarray(0, widths[type] * 2))
  if (order === 'CDAB' || order === 'DCBA') value.reverse()
  // Reversing all bytes has turned the registers round and the bytes within them; CDAB wants only the first.
  if (order === 'BADC' || order === 'CDAB') value.swap16()
  const raw = read(type, value)
  return bit === undefined ? raw * scale + offset : (raw >> bit) & 1
}

function read(type: RegisterAddress['type'], bytes: Buffer): number {
  switch (type) {
    case 'int16':
      return bytes.readInt16BE()
    case 'uint16':
      return bytes.readUInt16BE()
    case 'int32':
      return bytes.readInt32BE()
    case 'uint32':
      return bytes.readUInt32BE()
    case 'float32':
      return bytes.readFloatBE()
    case 'float64':
      return bytes.readDoubleBE()
  }
}
