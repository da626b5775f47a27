export * from './batch.ts'
export * from './cose.ts'
export * from './keys.ts'
export * from './merkle.ts'
