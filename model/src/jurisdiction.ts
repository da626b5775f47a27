import { z } from 'zod'

/**
 * Code of an administrative division: GB/T 2260 down to the county (`341602`), with GB/T 10114's three digits for a
 * town or street behind it (`341602001`). `340000` is a province, `341600` a city.
 */
export const JurisdictionCode = z
  .string()
  .regex(/^[1-9]\d{5}(\d{3})?$/, 'six digits of GB/T 2260, or nine with the town of GB/T 10114')
export type JurisdictionCode = z.infer<typeof JurisdictionCode>

/** The codes above a division, nearest first: `341602001` lies in `341602`, `341600` and `340000`. */
export function jurisdictionsAbove(code: JurisdictionCode): JurisdictionCode[] {
  const above = [code.slice(0, 6), `${code.slice(0, 4)}00`, `${code.slice(0, 2)}0000`]
  return above.filter((one, i) => one !== code && above.indexOf(one) === i)
}

/** Whether a division is the other one or lies in it. */
export function isWithin(code: JurisdictionCode, outer: JurisdictionCode): boolean {
  return code === outer || jurisdictionsAbove(code).includes(outer)
}
