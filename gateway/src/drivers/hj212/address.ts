import { z } from 'zod'

/**
 * The reports of a logger by their command: raw readings, states and run times of treatment devices, and aggregates that the
 * logger has formed itself. Each names the part of a factor that is read where the address names none.
 */
export const reports = {
  '2011': { name: 'real-time', part: 'Rtd' },
  '2021': { name: 'status', part: 'RS' },
  '2031': { name: 'day', part: 'Avg' },
  '2041': { name: 'run-time', part: 'RT' },
  '2051': { name: 'minute', part: 'Avg' },
  '2061': { name: 'hour', part: 'Avg' },
} as const
export type ReportName = (typeof reports)[keyof typeof reports]['name']
const names = Object.values(reports).map(({ name }) => name)

export const Mn = z
  .string('expected the number of the logger in quotes, such as "010000A8900016F000169DC0"')
  .regex(/^[0-9A-Za-z_.-]{1,64}$/, 'expected the number of the logger, letters and digits')

export const Hj212Address = z
  .strictObject({
    /** Device number of the logger, as it stands in its frames. */
    mn: Mn,
    /** Code of what is measured: w01018, a21026, 011; in reports of status and run time a device, such as SB1. */
    factor: z
      .string('expected a factor in quotes, such as "011"')
      .regex(/^[0-9A-Za-z_]{1,32}$/, 'expected a factor, such as w01018'),
    report: z.enum(names, `expected one of ${names.join(', ')}`).default('real-time'),
    /** Rtd, Avg, Min, Max, Cou, ZsRtd, ZsAvg …; without it Rtd of raw readings and Avg of aggregates. */
    part: z
      .string()
      .regex(/^[A-Za-z][0-9A-Za-z]{0,15}$/, 'expected a part of a factor, such as Avg')
      .refine(
        (part) => !['Flag', 'EFlag', 'SampleTime'].includes(part),
        'expected a part that is a number, such as Avg',
      )
      .optional(),
  })
  .transform(({ part, ...address }) => ({
    ...address,
    part: part ?? Object.values(reports).find(({ name }) => name === address.report)!.part,
  }))
export type Hj212Address = z.infer<typeof Hj212Address>
