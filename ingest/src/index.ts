export { Credentials, type Principal } from './intake/credentials.ts'
export { type Intake, type IntakeDeps, startIntake } from './intake/intake.ts'
export { measureCopyLimit } from './store/copy-limit.ts'
export { startWriter, type WriterState } from './store/writer.ts'
