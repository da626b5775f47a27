export { createBatcher, type StampedReading } from './batcher.ts'
export { loadSigningKey } from './identity.ts'
export { startUplink, type UplinkOptions } from './uplink.ts'
