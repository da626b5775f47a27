export type { StampedReading } from './batcher.ts'
export { loadIdentity, rotateKey } from './identity.ts'
export { openSpool, type Spool, type SpoolOptions } from './spool.ts'
