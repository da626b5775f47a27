export { defaultSessionTimes, type SessionTimes } from './sessions.ts'
export { callbackPath, type SingleSignOnConfig, singleSignOnOf } from './single-sign-on.ts'
export { type AccessConfig, resetAtMachine, startAccess } from './start.ts'
