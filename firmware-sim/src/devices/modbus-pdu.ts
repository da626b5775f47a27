/** Modbus exception codes (MODBUS Application Protocol V1.1b3, section 7). */
export const exception = { function: 1, address: 2, value: 3, gatewayTarget: 11 } as const

/** What one unit holds; `undefined` where its map has nothing. */
export interface Registers {
  /** 16-bit holding register, 0-based. */
  holding(address: number): number | undefined
  /** Discrete input, 0-based. */
  discrete(address: number): boolean | undefined
}

/** Answers one request PDU. Reading is all these devices do: any other function gets exception 1. */
export function answer(request: Buffer, registers: Registers): Buffer {
  const functionCode = request[0] ?? 0
  const refuse = (code: number) => Buffer.of(functionCode | 0x80, code)
  if (functionCode !== 2 && functionCode !== 3) return refuse(exception.function)
  if (request.length !== 5) return refuse(exception.value)
  const first = request.readUInt16BE(1)
  const count = request.readUInt16BE(3)
  if (count < 1 || count > (functionCode === 2 ? 2_000 : 125)) return refuse(exception.value)

  const bytes = functionCode === 2 ? Math.ceil(count / 8) : count * 2
  const response = Buffer.alloc(2 + bytes)
  response[0] = functionCode
  response[1] = bytes
  for (let i = 0; i < count; i++) {
    if (functionCode === 2) {
      const bit = registers.discrete(first + i)
      if (bit === undefined) return refuse(exception.address)
      if (bit) response[2 + (i >> 3)]! |= 1 << (i & 7)
    } else {
      const word = registers.holding(first + i)
      if (word === undefined) return refuse(exception.address)
      response.writeUInt16BE(word, 2 + i * 2)
    }
  }
  return response
}

/** The two registers of a float32, most significant first (ABCD). */
export function floatWords(value: number): [number, number] {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatBE(value)
  return [bytes.readUInt16BE(0), bytes.readUInt16BE(2)]
}
