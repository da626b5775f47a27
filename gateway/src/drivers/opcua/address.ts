import { messageOf } from '@farwatch/model'
import { coerceNodeId } from 'node-opcua-client'
import { z } from 'zod'

export const OpcuaAddress = z.strictObject({
  /** Node id in string form (OPC 10000-6, 5.3.1.10): `ns=2;s=Cellar.LEL01`, `i=2258`. Its Value attribute is read. */
  node: z
    .string()
    .max(1_024)
    .superRefine((text, context) => {
      const example = 'expected a node id such as ns=2;s=Cellar.LEL01'
      if (!/^(ns=\d+;)?[isgb]=./.test(text)) context.addIssue({ code: 'custom', message: example })
      else
        try {
          coerceNodeId(text)
        } catch (error) {
          context.addIssue({ code: 'custom', message: `${example}: ${messageOf(error)}` })
        }
    }),
})
export type OpcuaAddress = z.infer<typeof OpcuaAddress>
