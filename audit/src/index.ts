export { type ActLogOptions, type ActLogService, openActLog } from './act-log.ts'
