/** Eight rounds of 0xA001 for each byte value; the polynomial of CRC-16/MODBUS. */
const rounds = Uint16Array.from({ length: 256 }, (_, byte) => {
  let register = byte
  for (let bit = 0; bit < 8; bit++) register = (register & 1) === 1 ? (register >> 1) ^ 0xa001 : register >> 1
  return register
})

/**
 * The check of HJ 212, annex A. It is not CRC-16/MODBUS: the low byte of the register is thrown away before each byte is
 * mixed in, so only 256 results exist. It sees any change of a single byte, but one in 256 of all larger ones.
 */
export function crcOf(segment: Uint8Array): number {
  let register = 0xffff
  for (const byte of segment) register = rounds[(register >> 8) ^ byte]!
  return register
}

/** As it is written: four upper-case digits, high byte first. */
export function crcText(crc: number): string {
  return crc.toString(16).toUpperCase().padStart(4, '0')
}
