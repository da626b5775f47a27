export type { UpOptions } from './options.ts'
export { type Platform, startPlatform } from './platform.ts'
