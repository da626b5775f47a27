export { defaultBounds, type LiveBounds } from './live/bounds.ts'
export type { Scopes } from './live/views.ts'
export { type ConsoleConfig, type ConsoleDeps, start } from './server.ts'
export { defaultSocketBounds, type SocketBounds } from './socket.ts'
