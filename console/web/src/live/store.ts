import type { Alert, ClientToServer, ServerToClient } from '@farwatch/model'
import { io, type ManagerOptions, type Socket } from 'socket.io-client'
import { type Connection, connectionOf } from './connection-state.ts'
import { ServerClock } from './server-clock.ts'
import { applyDelta, emptyState, fromSnapshot, type LiveState, withAlert } from './state.ts'

/** A lost answer to `resync` must not leave the page waiting for ever. */
const resyncEveryMs = 5_000

/**
 * The page's one source of truth: the socket's snapshot and deltas, folded into `LiveState`, with a tick each second
 * for everything that shows an age.
 */
export class LiveStore {
  readonly clock = new ServerClock()
  #state: LiveState = emptyState
  #connection: Connection = { kind: 'connecting' }
  #secondMs = Date.now()
  #lastMs: number | undefined
  #resyncMs: number | undefined
  #socket: Socket<ServerToClient, ClientToServer> | undefined
  readonly #listeners = new Set<() => void>()
  readonly #tickers = new Set<() => void>()

  /** Connects to `address`, by default the page's own origin. Returns the way to close it. */
  start(address?: string): () => void {
    const options: Partial<ManagerOptions> = {
      // One connection without an upgrade in between; polling where a proxy lets no WebSocket through.
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
      reconnectionDelay: 500,
      reconnectionDelayMax: 5_000,
      timeout: 10_000,
    }
    const socket: Socket<ServerToClient, ClientToServer> =
      address === undefined ? io(options) : io(address, options)
    this.#socket = socket
    socket.on('connect', () => this.#judge())
    socket.on('disconnect', (reason) => {
      this.#resyncMs = undefined
      // The one reason after which socket.io leaves it to the page to come back.
      if (reason === 'io server disconnect') socket.connect()
      this.#judge()
    })
    socket.on('snapshot', (snapshot) => {
      this.clock.reset()
      this.clock.observe(snapshot.serverMs)
      this.#resyncMs = undefined
      this.#heard(fromSnapshot(snapshot))
    })
    socket.on('delta', (delta) => {
      this.clock.observe(delta.serverMs)
      const applied = applyDelta(this.#state, delta)
      if (applied.kind === 'applied') this.#heard(applied.state)
      else if (applied.kind === 'gap') this.#resync()
    })
    const timer = setInterval(() => this.#tick(), 1_000)
    return () => {
      clearInterval(timer)
      socket.close()
      this.#socket = undefined
      // What the next person in front of this page may see is another matter.
      this.#state = emptyState
      this.#lastMs = undefined
      this.#judge()
      this.#tell()
    }
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Called once a second, whether or not anything came. */
  readonly subscribeTick = (listener: () => void): (() => void) => {
    this.#tickers.add(listener)
    return () => this.#tickers.delete(listener)
  }

  readonly state = (): LiveState => this.#state
  readonly connection = (): Connection => this.#connection
  /** Server time, in steps of the tick, so that all ages on the page agree. */
  readonly second = (): number => this.#secondMs

  takeAlert(alert: Alert): void {
    const next = withAlert(this.#state, alert)
    if (next === this.#state) return
    this.#state = next
    this.#tell()
  }

  #heard(state: LiveState): void {
    const first = this.#lastMs === undefined
    this.#state = state
    this.#lastMs = Date.now()
    if (first) this.#secondMs = this.clock.now()
    this.#judge()
    this.#tell()
  }

  #resync(): void {
    const nowMs = Date.now()
    if (this.#resyncMs !== undefined && nowMs - this.#resyncMs < resyncEveryMs) return
    this.#resyncMs = nowMs
    this.#socket?.emit('resync')
  }

  #tick(): void {
    this.#secondMs = this.clock.now()
    this.#judge()
    for (const listener of this.#tickers) listener()
  }

  #judge(): void {
    const next = connectionOf({
      connected: this.#socket?.connected ?? false,
      lastMs: this.#lastMs,
      nowMs: Date.now(),
    })
    const sameSince =
      'sinceMs' in next && 'sinceMs' in this.#connection && next.sinceMs === this.#connection.sinceMs
    if (next.kind === this.#connection.kind && (sameSince || !('sinceMs' in next))) return
    this.#connection = next
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
