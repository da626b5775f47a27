export * from './peers.ts'
export * from '../database/testing.ts'
