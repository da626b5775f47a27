import { z } from 'zod'
import { formatTime } from './time.ts'

const Factor = z.string().regex(/^[0-9A-Za-z_]{1,32}$/, 'expected a factor, such as w01018')
const TimeMs = z.number().int().min(694_195_200_000).max(4_102_444_800_000)

/** What a logger can be told (HJ 212-2017, 6.6.5). Times are Unix milliseconds. */
export const Command = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('read-clock'), factor: Factor.optional() }),
  z.strictObject({ name: z.literal('set-clock'), timeMs: TimeMs, factor: Factor.optional() }),
  z.strictObject({ name: z.literal('read-interval') }),
  /** Between two reports of real-time values. */
  z.strictObject({ name: z.literal('set-interval'), seconds: z.number().int().min(30).max(3_600) }),
  z.strictObject({ name: z.literal('read-minute-interval') }),
  /** Period of the minute reports; the standard allows divisors of an hour. */
  z.strictObject({
    name: z.literal('set-minute-interval'),
    minutes: z.literal([1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30]),
  }),
  /** Asks for reports again; they come in as any report does. */
  z
    .strictObject({
      name: z.literal('resend'),
      report: z.enum(['minute', 'hour', 'day']),
      fromMs: TimeMs,
      toMs: TimeMs,
    })
    .refine(({ fromMs, toMs }) => fromMs <= toMs, 'expected fromMs not after toMs'),
  z.strictObject({ name: z.literal('read-parameter'), factor: Factor, info: Factor }),
])
export type Command = z.infer<typeof Command>

export const commandNames = [
  'read-clock',
  'set-clock',
  'read-interval',
  'set-interval',
  'read-minute-interval',
  'set-minute-interval',
  'resend',
  'read-parameter',
] as const satisfies readonly Command['name'][]

const resendCommands = { minute: '2051', hour: '2061', day: '2031' } as const

/** Number and data area of a command. */
export function encodeCommand(command: Command): { readonly cn: string; readonly area: string } {
  const about = (factor: string | undefined) => (factor === undefined ? [] : [`PolId=${factor}`])
  switch (command.name) {
    case 'read-clock':
      return { cn: '1011', area: about(command.factor).join(',') }
    case 'set-clock': {
      const time = `SystemTime=${formatTime(command.timeMs)}`
      return { cn: '1012', area: [...about(command.factor), time].join(',') }
    }
    case 'read-interval':
      return { cn: '1061', area: '' }
    case 'set-interval':
      return { cn: '1062', area: `RtdInterval=${command.seconds}` }
    case 'read-minute-interval':
      return { cn: '1063', area: '' }
    case 'set-minute-interval':
      return { cn: '1064', area: `MinInterval=${command.minutes}` }
    case 'resend': {
      const [begin, end] = [command.fromMs, command.toMs].map(formatTime)
      return { cn: resendCommands[command.report], area: `BeginTime=${begin},EndTime=${end}` }
    }
    case 'read-parameter':
      return { cn: '3020', area: `PolId=${command.factor},InfoId=${command.info}` }
  }
}

/** What came of a command. Expected outcomes are values; codes are those of the standard (QnRtn, ExeRtn). */
export type Outcome =
  | { readonly outcome: 'done'; readonly data: Readonly<Record<string, string>> }
  /** The logger did not take it: QnRtn. */
  | { readonly outcome: 'refused'; readonly code: string }
  /** It took it and could not do it: ExeRtn. */
  | { readonly outcome: 'failed'; readonly code: string }
  /** Silence after every try, or after it had been taken. */
  | { readonly outcome: 'no-answer' | 'no-result' }
  /** Not sent: not on the allow-list, no connection, another one under way. */
  | { readonly outcome: 'not-allowed' | 'not-connected' | 'busy' }
