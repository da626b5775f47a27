import { z } from 'zod'
import type { Protocol } from '../../driver.ts'
import { HostPort } from '../../host-port.ts'
import { Hj212Address, Mn } from './address.ts'
import { cipherForms } from './cipher.ts'
import { commandNames } from './commands.ts'
import { Hj212DialDriver } from './dial.ts'
import { optionalTolerances } from './framer.ts'
import { Hj212ListenDriver } from './listen.ts'

/** Write `${NAME}` for passwords and keys, so that they come from the environment and stay out of the file. */
const LoggerSecrets = z.strictObject({
  mn: Mn,
  /** What PW must say; without it anything is taken. */
  password: z.string().min(1).max(64).optional(),
  /** SM4 key (HJ 212-2025): 32 hexadecimal digits, or 16 characters. Reports in plain text are then refused. */
  key: z
    .string()
    .regex(/^([0-9A-Fa-f]{32}|[\x21-\x7e]{16})$/, 'expected 32 hexadecimal digits or 16 characters')
    .transform((text) => Buffer.from(text, text.length === 32 ? 'hex' : 'latin1'))
    .optional(),
})

const Hj212Config = z
  .strictObject({
    /** Wait for loggers that dial … */
    listen: HostPort.optional(),
    /** … or dial one. */
    address: HostPort.optional(),
    /** Passwords and keys; a logger that has points and none of them need not stand here. */
    loggers: z.array(LoggerSecrets).max(1_000).default([]),
    /** How the ciphertext of HJ 212-2025 is written. */
    cipher: z.enum(cipherForms).default('hex'),
    /** Faults of old loggers that are taken all the same; each weakens the protection against a wrong value. */
    accept: z.array(z.enum(optionalTolerances)).default([]),
    /** What a logger may be told; nothing by default. */
    commands: z.array(z.enum(commandNames)).default([]),
    exchange: z
      .strictObject({
        answerMs: z.number().int().min(50).max(60_000).default(5_000),
        tries: z.number().int().min(1).max(10).default(3),
        resultMs: z.number().int().min(50).max(600_000).default(30_000),
      })
      .prefault({}),
    maxConnections: z.number().int().min(1).max(10_000).default(200),
    /** How long connecting may take. */
    timeoutMs: z.number().int().min(50).max(60_000).default(5_000),
    /** A connection that brings no frame of a known logger for so long is given up; the first one is due sooner. */
    idleMs: z.number().int().min(50).max(86_400_000).default(600_000),
    firstFrameMs: z.number().int().min(50).max(3_600_000).default(60_000),
    /** How long one frame may take from its first byte to its last. */
    frameMs: z.number().int().min(50).max(600_000).default(10_000),
  })
  .superRefine(({ listen, address, loggers }, context) => {
    if ((listen === undefined) === (address === undefined))
      context.addIssue({ code: 'custom', message: 'expected either listen: HOST:PORT or address: HOST:PORT' })
    const seen = new Set<string>()
    loggers.forEach(({ mn }, i) => {
      if (seen.has(mn))
        context.addIssue({ code: 'custom', path: ['loggers', i, 'mn'], message: `${mn} stands there twice` })
      seen.add(mn)
    })
  })
export type Hj212Config = z.infer<typeof Hj212Config>

/** HJ/T 212-2005, HJ 212-2017 and HJ 212-2025 from data loggers: as the host that they dial, or dialling one. */
export const hj212: Protocol<Hj212Config, Hj212Address> = {
  name: 'hj212',
  config: Hj212Config,
  address: Hj212Address,
  create: (config, points, context) =>
    config.listen === undefined
      ? new Hj212DialDriver({ ...config, address: config.address! }, points, context)
      : new Hj212ListenDriver({ ...config, listen: config.listen }, points, context),
}
