import { parsePointKey } from '@farwatch/model'
import { z } from 'zod'

/** `nh3.ppm`, `values.0`: names and array places, joined by dots. */
const JsonPath = z
  .string()
  .max(256)
  .regex(/^[^.\s]+(\.[^.\s]+)*$/, 'expected names joined by dots, such as nh3.ppm')

const placeholders = ['site', 'device', 'metric'] as const

export const MqttAddress = z.strictObject({
  /** Exact topic; `{site}`, `{device}` and `{metric}` stand for the point's own names. */
  topic: z
    .string()
    .min(1)
    .max(512)
    .refine((topic) => !/[+#\0]/.test(topic), 'expected one topic, without + or #')
    .superRefine((topic, context) => {
      for (const [whole, name] of topic.matchAll(/\{([^}]*)\}/g))
        if (!(placeholders as readonly string[]).includes(name!))
          context.addIssue({
            code: 'custom',
            message: `${whole} is not known, expected one of {site}, {device}, {metric}`,
          })
    }),
  /** Where the value stands in a JSON payload; without it the payload is the bare number. */
  path: JsonPath.optional(),
  /** Where the device's time stands: Unix ms, Unix s, or ISO 8601 with a zone. Looked for in JSON payloads only. */
  time: JsonPath.default('ts'),
})
export type MqttAddress = z.infer<typeof MqttAddress>

/** The topic that a point's template stands for. */
export function topicOf({ topic }: MqttAddress, key: string): string {
  const names = parsePointKey(key)
  if (names === undefined) return topic
  return topic.replace(/\{(site|device|metric)\}/g, (_, name: keyof typeof names) => names[name])
}
