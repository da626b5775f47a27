import { z } from 'zod'

export interface HostPort {
  readonly host: string
  readonly port: number
}

/** `127.0.0.1:502`, `meter.local:502`, `[::1]:502`. Port 0 is taken only where something listens. */
export const HostPort = z.string().transform((text, context): HostPort => {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/@[\]]{1,253})):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host !== undefined && port <= 65_535) return { host, port }
  context.addIssue({
    code: 'custom',
    message: `expected HOST:PORT, such as 127.0.0.1:502, found ${JSON.stringify(text.slice(0, 80))}`,
  })
  return z.NEVER
})
