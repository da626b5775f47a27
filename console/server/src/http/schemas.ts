import {
  Alert,
  type CameraView,
  Delivery,
  Device,
  type DeviceView,
  GatewayStatus,
  type GatewayView,
  type Health,
  type History,
  type LastValue,
  Level,
  Name,
  Point,
  PointKey,
  Site,
  Text,
} from '@farwatch/model'
import { z } from 'zod'
import { ProblemBody } from './problem.ts'

/** The shapes of the HTTP interface: they validate what goes in and out, and the OpenAPI document is made of them. */
const TimeMs = z.number().describe('Unix milliseconds')
const Quality = z
  .number()
  .int()
  .describe('Upper 16 bits of an OPC UA StatusCode: 0 is good, 32768 and more is bad')

export const LastValueBody = z.object({
  timeMs: TimeMs.describe('Source time, Unix milliseconds'),
  receivedMs: TimeMs.describe('When the centre received it, Unix milliseconds'),
  value: z.number().nullable(),
  quality: Quality,
}) satisfies z.ZodType<LastValue>

export const PointBody = z.object({
  key: PointKey.describe('SITE/DEVICE/METRIC'),
  site: Name,
  device: Name,
  ...Point.shape,
  registered: z.boolean(),
  last: LastValueBody.nullable(),
  ageMs: z.number().nullable().describe('Age of the last value; it is at least as old as its receipt'),
  freshness: z
    .enum(['fresh', 'stale', 'never'])
    .describe('stale: older than three of the intervals at which a value is expected'),
})
export type PointBody = z.infer<typeof PointBody>

export const CameraBody = z.object({
  device: z.string().describe('SITE/DEVICE'),
  pictureMs: TimeMs.nullable(),
  pictureUrl: z.string().nullable(),
  event: z.object({ label: z.string(), score: z.number().nullable(), timeMs: TimeMs }).nullable(),
}) satisfies z.ZodType<CameraView>

export const DeviceBody = z.object({
  id: Name,
  site: Name,
  name: Text,
  kind: Device.shape.kind.removeDefault(),
  registered: z.boolean(),
  points: z.array(PointKey).describe('Keys of its points'),
  camera: CameraBody.nullable(),
})
export type DeviceBody = z.infer<typeof DeviceBody> & Pick<DeviceView, 'id'>

export const SiteBody = z.object({
  id: Name,
  name: Text,
  kind: Site.shape.kind.removeDefault(),
  latitude: z.number().nullable().describe('WGS-84 degrees'),
  longitude: z.number().nullable(),
  county: Site.shape.county,
  address: Site.shape.address,
  gateway: Site.shape.gateway,
  registered: z.boolean(),
  devices: z.array(Name).describe('Ids of its devices'),
})

export const GatewayBody = z.object({
  id: Name,
  online: z.boolean(),
  sinceMs: TimeMs,
  status: GatewayStatus.nullable(),
  delivery: Delivery.nullable().describe(
    'How its batches come in at the centre: verdicts, holes, declared losses',
  ),
}) satisfies z.ZodType<GatewayView>

export const HistoryBody = z.object({
  point: PointKey,
  stepMs: z.number().nullable(),
  rows: z.array(
    z.union([
      z.object({
        timeMs: TimeMs.describe('Start of the step; days begin at midnight of UTC+8'),
        min: z.number(),
        avg: z.number(),
        max: z.number(),
        count: z.number().int(),
      }),
      z.object({ timeMs: TimeMs, value: z.number().nullable(), quality: Quality }),
    ]),
  ),
}) satisfies z.ZodType<History>

const Status = z.enum(['ok', 'degraded', 'down'])
export const HealthBody = z.object({
  status: Status,
  components: z.record(z.string(), z.object({ status: Status, detail: z.string().optional() })),
}) satisfies z.ZodType<Health>

export const QuarantinedBody = z.object({
  receivedMs: TimeMs,
  topic: z.string(),
  client: z.string(),
  reason: z.string(),
  size: z.number().int().describe('Bytes as received'),
  beginning: z.string().describe('The first bytes, base64'),
})

export const AcknowledgeBody = z.strictObject({
  by: z
    .string()
    .trim()
    .min(1, 'expected who acknowledges')
    .max(100, 'expected at most 100 characters')
    .optional()
    .describe('Who acknowledges, where the caller has no account; otherwise it is the account'),
  comment: z.string().max(2_000, 'expected at most 2000 characters').optional(),
})
export const AcknowledgedBody = z.object({ outcome: z.enum(['done', 'already']), alert: Alert })

/** Names under which the document refers to the shapes. */
export const schemaNames = z.registry<{ id: string }>()
const named = {
  Acknowledge: AcknowledgeBody,
  Alert,
  Camera: CameraBody,
  Delivery,
  Device: DeviceBody,
  Gateway: GatewayBody,
  Health: HealthBody,
  History: HistoryBody,
  Level,
  Point: PointBody,
  Problem: ProblemBody,
  Quarantined: QuarantinedBody,
  Site: SiteBody,
  Text,
}
for (const [id, schema] of Object.entries(named)) schemaNames.add(schema, { id })

/** The answer to a request that cannot be met, for any status that is not listed. */
export const problemResponse = {
  description: 'Why the request cannot be met (RFC 9457)',
  content: { 'application/problem+json': { schema: ProblemBody } },
}
