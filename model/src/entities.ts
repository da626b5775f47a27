import { z } from 'zod'
import { EnterpriseCode } from './enterprise-code.ts'
import { JurisdictionCode } from './jurisdiction.ts'
import { Level } from './level.ts'
import { Name, PointKey } from './names.ts'
import { Point as MonitoredPoint, siteKinds, Text } from './registry.ts'

const Day = z.iso.date()
const Phone = z
  .string()
  .max(32)
  .regex(/^[+\d][\d ()-]*$/, 'digits, space, + ( ) -')
const note = z.string().max(2_000).optional()
/** Parts of an id that stand behind one another, `SITE/OUTLET`. */
const within = (parts: number) =>
  z
    .string()
    .max(200)
    .refine(
      (id) => id.split('/').length === parts && id.split('/').every((part) => Name.safeParse(part).success),
      `expected ${parts} names with / between`,
    )

export const Contact = z.strictObject({
  name: z.string().min(1).max(60),
  role: z.string().max(60).optional(),
  phone: Phone,
})

export const Jurisdiction = z.strictObject({
  name: Text,
  /** First and last local day; an abolished one names its successor. */
  validFrom: Day.optional(),
  validTo: Day.optional(),
  successor: JurisdictionCode.optional(),
})

export const Department = z.strictObject({
  name: Text,
  jurisdiction: JurisdictionCode,
  contacts: z.array(Contact).max(20).default([]),
})

export const Enterprise = z.strictObject({
  name: Text,
  jurisdiction: JurisdictionCode,
  /** Those that supervise it. */
  departments: z.array(Name).max(20).default([]),
  /** GB/T 4754 */
  industry: z.string().max(60).optional(),
  riskClass: Level.optional(),
  keyUnit: z.boolean().default(false),
  address: z.string().max(200).optional(),
  contacts: z.array(Contact).max(20).default([]),
  note,
})

/** WGS-84 as GPS measures; GCJ-02 as Chinese maps show; BD-09 as Baidu shows. */
export const coordinateSystems = ['WGS-84', 'GCJ-02', 'BD-09'] as const

export const SiteEntity = z.strictObject({
  name: Text,
  kind: z.enum(siteKinds).default('other'),
  /** Degrees in `coordinates`, as they were given; converted where they are used. */
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
  coordinates: z.enum(coordinateSystems).default('WGS-84'),
  jurisdiction: JurisdictionCode.optional(),
  enterprise: EnterpriseCode.optional(),
  departments: z.array(Name).max(20).default([]),
  address: Text.optional(),
  gateway: Name.optional(),
})

export const Outlet = z.strictObject({
  name: Text,
  kind: z.enum(['waste-water', 'exhaust', 'noise', 'other']),
  permit: z.string().max(100).optional(),
})

export const DeviceEntity = z.strictObject({
  name: Text,
  kind: z.enum(['sensor', 'camera']).default('sensor'),
  frigateCamera: Name.optional(),
  maker: z.string().max(100).optional(),
  model: z.string().max(100).optional(),
  serial: z.string().max(100).optional(),
})

export const PointEntity = MonitoredPoint.omit({ metric: true, limits: true }).extend({
  /** Outlet of the same site, whose limits hold for the point too. */
  outlet: Name.optional(),
  /** What is measured there (HJ 525 / HJ 524 code or a plain name), by which an outlet's limits find their points. */
  parameter: z.string().max(64).optional(),
  /** How often a value is expected, unless its measurement cycle says so already. */
  intervalS: z.number().positive().max(86_400).optional(),
  /** One value each so many seconds, where it isn't continuous. */
  measurementCycleS: z.number().positive().max(86_400).optional(),
  /** What the instrument can measure. */
  range: z.tuple([z.number(), z.number()]).optional(),
  /** Engineering value = raw × scale + offset; for the record, gateways apply their own. */
  scale: z.number().optional(),
  offset: z.number().optional(),
})

export const Limit = z
  .strictObject({
    /** Either a point, or an outlet (`SITE/OUTLET`) and the parameter there. */
    point: PointKey.optional(),
    outlet: within(2).optional(),
    parameter: z.string().max(64).optional(),
    side: z.enum(['above', 'below']),
    value: z.number(),
    unit: z.string().max(16).default(''),
    level: Level,
    /** Local days, the first and the last on which it holds. */
    validFrom: Day,
    validTo: Day.optional(),
    /** Permit, standard and clause that it follows from. */
    basis: z.string().max(300).optional(),
  })
  .refine(
    ({ point, outlet, parameter }) =>
      (point === undefined) !== (outlet === undefined || parameter === undefined),
    {
      message: 'expected either a point, or an outlet and a parameter',
    },
  )
export type Limit = z.infer<typeof Limit>

export const Calibration = z.strictObject({
  device: within(2),
  on: Day,
  expires: Day.optional(),
  by: z.string().min(1).max(100),
  number: z.string().max(100).optional(),
  passed: z.boolean(),
  note,
})

/** Legal and technical review of a device's siting (行政处罚法 art. 41): without one in force its readings are a lead only. */
export const Review = z.strictObject({
  device: within(2),
  number: z.string().min(1).max(100),
  on: Day,
  expires: Day.optional(),
  by: z.string().min(1).max(100),
  grade: z.enum(['lead', 'enforcement']),
  note,
})

export const Officer = z.strictObject({
  name: z.string().min(1).max(60),
  department: Name,
  jurisdiction: JurisdictionCode,
  certificate: z.string().min(1).max(60),
  certificateExpires: Day,
  skills: z.array(z.string().max(40)).max(20).default([]),
  phone: Phone.optional(),
  account: Name.optional(),
})

/** 监管事项: what is supervised, by whom, on which legal basis. */
export const Item = z.strictObject({
  name: Text,
  department: Name,
  basis: z.string().min(1).max(1_000),
  note,
})

/** Everything that the registry holds, by kind; what the id of each is stands beside it. */
export const entities = {
  /** GB/T 2260 code */
  jurisdiction: Jurisdiction,
  /** Name */
  department: Department,
  /** Unified social credit code */
  enterprise: Enterprise,
  /** Name */
  site: SiteEntity,
  /** SITE/OUTLET */
  outlet: Outlet,
  /** SITE/DEVICE */
  device: DeviceEntity,
  /** SITE/DEVICE/METRIC */
  point: PointEntity,
  /** Name; a new one is made where none is given */
  limit: Limit,
  calibration: Calibration,
  review: Review,
  /** Name */
  officer: Officer,
  /** Code of the item */
  item: Item,
} as const satisfies Readonly<Record<string, z.ZodType>>
export type EntityKind = keyof typeof entities
export type ValueOf<K extends EntityKind> = z.output<(typeof entities)[K]>
export const entityKinds = Object.keys(entities) as EntityKind[]

export interface Entity<K extends EntityKind = EntityKind> {
  readonly kind: K
  readonly id: string
  /** Grows with each change of this one. */
  readonly version: number
  readonly value: ValueOf<K>
  readonly changedMs: number
  /** Name of who changed it last. */
  readonly changedBy: string
}
