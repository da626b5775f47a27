export { Credentials, type Principal } from './intake/credentials.ts'
export { type IntakeDeps, startIntake } from './intake/intake.ts'
