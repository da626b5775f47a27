import { randomBytes } from 'node:crypto'

/** 64 random bits as 16 hex digits: chain, boot and the like. */
export function randomId(): string {
  return randomBytes(8).toString('hex')
}
