import { z } from 'zod'

/** Registers that a value takes. */
export const widths = { int16: 1, uint16: 1, int32: 2, uint32: 2, float32: 2, float64: 4 } as const
export type RegisterType = keyof typeof widths

/** Order of bytes in a value, most significant A: by registers (CDAB), within registers (BADC), or both (DCBA). */
export const orders = ['ABCD', 'CDAB', 'BADC', 'DCBA'] as const
export type WordOrder = (typeof orders)[number]

const place = {
  /** Unit id; 0 and 255 are what many TCP devices answer to. */
  unit: z.number().int().min(0).max(255),
  /** As on the wire: 0 based, without the 4xxxx of the manuals. */
  register: z.number().int().min(0).max(65_535),
}

const Registers = z
  .strictObject({
    ...place,
    table: z.enum(['holding', 'input']),
    type: z
      .enum(Object.keys(widths) as [RegisterType, ...RegisterType[]], {
        error: () => `expected one of ${Object.keys(widths).join(', ')}`,
      })
      .default('uint16'),
    order: z.enum(orders).default('ABCD'),
    /** One bit of a 16-bit register, 0 the least significant. */
    bit: z.number().int().min(0).max(15).optional(),
    /** value = raw × scale + offset */
    scale: z.number().default(1),
    offset: z.number().default(0),
  })
  .superRefine(({ type, bit, register }, context) => {
    if (bit !== undefined && type !== 'uint16')
      context.addIssue({ code: 'custom', path: ['bit'], message: `a bit is taken of uint16, not of ${type}` })
    if (register + widths[type] > 65_536)
      context.addIssue({ code: 'custom', path: ['register'], message: `${type} runs past register 65535` })
  })

const Bits = z.strictObject({ ...place, table: z.enum(['coil', 'discrete']) })

export const ModbusAddress = z.discriminatedUnion('table', [Registers, Bits], {
  error: () => 'expected one of holding, input, coil, discrete',
})
export type ModbusAddress = z.infer<typeof ModbusAddress>
export type Table = ModbusAddress['table']
export type RegisterAddress = z.infer<typeof Registers>

export function isBitTable(table: Table): table is 'coil' | 'discrete' {
  return table === 'coil' || table === 'discrete'
}

/** How many registers or bits a point takes. */
export function widthOf(address: ModbusAddress): number {
  return isBitTable(address.table) ? 1 : widths[(address as RegisterAddress).type]
}
