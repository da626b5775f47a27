export * from '../database/testing.ts'
export { ForgetfulDisk } from '../journal/forgetful-disk.ts'
export * from './peers.ts'
