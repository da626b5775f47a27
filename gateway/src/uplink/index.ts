export { createBatcher, type StampedReading } from './batcher.ts'
export { loadIdentity, rotateKey } from './identity.ts'
export { startUplink, type UplinkOptions } from './uplink.ts'
