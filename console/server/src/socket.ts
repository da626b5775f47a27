import type { Server as HttpServer, IncomingMessage } from 'node:http'
import type { AlertDesk, ClientToServer, Delta, ServerToClient, Snapshot } from '@farwatch/model'
import type { Clock } from '@farwatch/runtime'
import { type Socket as AnySocket, Server } from 'socket.io'
import type { Feed } from './live/feed.ts'
import type { View } from './live/views.ts'
import type { ConsoleMetrics } from './metrics.ts'

type Socket = AnySocket<ClientToServer, ServerToClient>

export interface SocketBounds {
  /** Pages connected at once; one more is refused. */
  readonly clients: number
  /** What may wait for a client on top of its snapshot before deltas are withheld from it. */
  readonly backlogBytes: number
  /** Readings are gathered for so long. */
  readonly periodMs: number
  /** A client gets at most one snapshot in this time. */
  readonly snapshotEveryMs: number
}

export const defaultSocketBounds: SocketBounds = {
  clients: 1_000,
  backlogBytes: 1024 * 1024,
  periodMs: 200,
  snapshotEveryMs: 1_000,
}

interface SocketParts {
  readonly server: HttpServer
  readonly feed: Feed
  readonly desk: AlertDesk
  readonly clock: Clock
  readonly metrics: ConsoleMetrics
  readonly bounds: SocketBounds
  /** Tells what whoever sends the request may see at the time, or why they are refused; asked again as long as they stay. */
  readonly admit: (request: IncomingMessage) => () => View | string
  /** Calls when people may have lost their rights, or sites have moved. Returns the way out. */
  readonly subscribe: (listener: () => void) => () => void
}

interface Client {
  readonly ask: () => View | string
  view: View
  /** Gets the deltas; otherwise it waits for a snapshot. */
  follows: boolean
  /** Bytes that may wait for it. */
  allowance: number
  /** Monotonic time of its last snapshot. */
  snapshotMs: number
}

/** Those who follow the deltas and see the same are in one room, so that a delta is encoded once for all of them. */
const roomOf = ({ key }: View) => `followers ${key}`
/** So long after a session has expired its page may still be told of the city. */
const askAgainMs = 500
/** With no more than this waiting, a client has taken what it was sent. */
const drainedBytes = 16_384

/**
 * socket.io as the model's console contract has it: `snapshot`, then `delta`s without holes, `resync` for a new snapshot.
 * Returns the way out.
 */
export function openSocket(parts: SocketParts): () => void {
  const { server, feed, desk, clock, metrics, bounds } = parts
  const clients = new Map<Socket, Client>()
  const io = new Server<ClientToServer, ServerToClient>(server, {
    serveClient: false,
    maxHttpBufferSize: 10_000,
    pingInterval: 10_000,
    pingTimeout: 20_000,
    connectTimeout: 10_000,
    perMessageDeflate: false,
    allowRequest: (request, answer) => {
      const opens = !new URL(request.url ?? '/', 'http://console').searchParams.has('sid')
      const full = opens && io.engine.clientsCount >= bounds.clients
      const admitted = full
        ? `${bounds.clients} pages are connected, no more are taken`
        : parts.admit(request)()
      if (typeof admitted === 'string') answer(admitted, false)
      else answer(undefined, true)
    },
  })
  io.engine.on('headers', (headers: Record<string, string>) => {
    headers['x-content-type-options'] = 'nosniff'
    headers['cache-control'] = 'no-store'
  })

  io.on('connection', (socket) => {
    const ask = parts.admit(socket.request)
    const view = ask()
    if (typeof view === 'string') {
      socket.disconnect(true)
      return
    }
    clients.set(socket, { ask, view, follows: false, allowance: 0, snapshotMs: -Infinity })
    metrics.clients.set(clients.size)
    socket.on('resync', () => {
      const client = clients.get(socket)
      if (client !== undefined) unfollow(socket, client)
    })
    socket.on('disconnect', () => {
      clients.delete(socket)
      metrics.clients.set(clients.size)
    })
  })

  const unfollow = (socket: Socket, client: Client) => {
    client.follows = false
    socket.leave(roomOf(client.view))
  }

  /** Whoever has logged out, run out of time or lost rights is cut; whoever sees other things gets a new snapshot. */
  const askAgain = () => {
    for (const [socket, client] of clients) {
      const view = client.ask()
      if (view === client.view) continue
      unfollow(socket, client)
      if (typeof view === 'string') socket.disconnect(true)
      else client.view = view
    }
  }

  const tick = () => {
    const delta = feed.next()
    if (delta !== undefined) {
      metrics.deltas.inc()
      for (const [socket, client] of clients) {
        if (!client.follows || waitingBytes(socket) <= client.allowance) continue
        metrics.slowClients.inc()
        unfollow(socket, client)
      }
      sendDelta(delta)
    }
    serveSnapshots()
  }

  const sendDelta = (delta: Delta) => {
    const views = new Map<string, View>()
    for (const { follows, view } of clients.values()) if (follows) views.set(view.key, view)
    for (const view of views.values()) io.to(roomOf(view)).emit('delta', view.delta(delta))
  }

  const serveSnapshots = () => {
    const nowMs = clock.monotonicMs()
    let whole: Snapshot | undefined
    const seen = new Map<View, Snapshot>()
    for (const [socket, client] of clients) {
      if (client.follows || nowMs - client.snapshotMs < bounds.snapshotEveryMs) continue
      if (waitingBytes(socket) > drainedBytes) continue
      whole ??= feed.snapshot()
      const snapshot = seen.get(client.view) ?? client.view.snapshot(whole)
      seen.set(client.view, snapshot)
      socket.emit('snapshot', snapshot)
      metrics.snapshots.inc()
      socket.join(roomOf(client.view))
      client.follows = true
      client.snapshotMs = nowMs
      client.allowance = waitingBytes(socket) + bounds.backlogBytes
    }
  }

  let flushing: (() => void) | undefined
  const unsubscribe = desk.subscribe((alert) => {
    feed.alertChanged(alert)
    // At once, but alerts raised by the same reading share a delta.
    flushing ??= clock.after(0, () => {
      flushing = undefined
      tick()
    })
  })
  const stopTicking = clock.every(bounds.periodMs, tick)
  const stopAsking = clock.every(askAgainMs, askAgain)
  const unsubscribeAccess = parts.subscribe(askAgain)

  return () => {
    stopTicking()
    stopAsking()
    unsubscribeAccess()
    flushing?.()
    unsubscribe()
    // Only the transport is closed: told that the server disconnects it, a page would not come back by itself.
    io.engine.close()
  }
}

/** Bytes handed over for a client that have not left this process: engine.io's packets and what its WebSocket holds. */
function waitingBytes({ conn }: Socket): number {
  const { writeBuffer, transport } = conn as unknown as {
    writeBuffer: readonly { data?: { length: number } }[]
    transport: { socket?: { bufferedAmount?: number } }
  }
  return writeBuffer.reduce(
    (sum, { data }) => sum + (data?.length ?? 0),
    transport.socket?.bufferedAmount ?? 0,
  )
}
