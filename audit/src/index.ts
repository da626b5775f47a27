export { type ActIndex, type ActIndexDeps, auditSchema, startActIndex } from './act-index.ts'
export { type ActLogOptions, type ActLogService, openActLog } from './act-log.ts'
export { leaveAct, startInbox } from './inbox.ts'
export { Verification, type VerificationDeps } from './verification.ts'
