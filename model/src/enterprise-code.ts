import { z } from 'zod'

const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY'
const weights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]

/** The check character of a unified social credit code from its first 17 characters (GB 32100-2015, clause 5.5). */
export function enterpriseCheck(body: string): string {
  const sum = weights.reduce((total, weight, i) => total + weight * alphabet.indexOf(body.charAt(i)), 0)
  return alphabet.charAt((31 - (sum % 31)) % 31)
}

/** 统一社会信用代码: 18 characters of GB 32100-2015, the last of which checks the others. */
export const EnterpriseCode = z
  .string()
  .regex(/^[0-9A-HJ-NPQRTUWXY]{18}$/, '18 digits and capital letters without I, O, S, V, Z')
  .refine((code) => enterpriseCheck(code) === code.charAt(17), 'the check character does not fit')
export type EnterpriseCode = z.infer<typeof EnterpriseCode>
