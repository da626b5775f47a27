export * from '../database/testing.ts'
export * from './peers.ts'
