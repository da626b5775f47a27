import type { ClientToServer, Delta, ServerToClient, Snapshot } from '@farwatch/model'
import { Server } from 'socket.io'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { LiveStore } from './store.ts'

const snapshot = (seq: number): Snapshot => ({
  seq,
  serverMs: Date.now(),
  sites: [],
  gateways: [],
  alerts: [],
})

const delta = (seq: number): Delta => ({
  seq,
  serverMs: Date.now(),
  values: [['A/D/x', seq, seq, seq, 0]],
  alerts: [],
  cameras: [],
  gateways: [],
  sites: [],
})

/** A real socket.io server on a free port, played by hand. */
async function listen(onResync: () => Snapshot) {
  const io = new Server<ClientToServer, ServerToClient>(0)
  await vi.waitFor(() => expect(io.httpServer.address()).not.toBeNull())
  const bound = io.httpServer.address()
  if (bound === null || typeof bound === 'string') throw new Error('no port')
  let resyncs = 0
  io.on('connection', (socket) => {
    socket.emit('snapshot', snapshot(10))
    socket.on('resync', () => {
      resyncs++
      socket.emit('snapshot', onResync())
    })
  })
  return { io, address: `http://127.0.0.1:${bound.port}`, resyncs: () => resyncs }
}

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

describe('F5 the store over a real socket', () => {
  const within = { timeout: 10_000 }

  test('F5 a gap in the sequence asks for a new snapshot, once, and goes on from there', async () => {
    const server = await listen(() => snapshot(20))
    open.push(() => server.io.close())
    const store = new LiveStore()
    open.push(store.start(server.address))
    await vi.waitFor(() => expect(store.state().seq).toBe(10), within)
    expect(store.connection().kind).toBe('live')

    server.io.emit('delta', delta(11))
    await vi.waitFor(() => expect(store.state().values.get('A/D/x')?.value).toBe(11), within)

    server.io.emit('delta', delta(13))
    server.io.emit('delta', delta(14))
    await vi.waitFor(() => expect(store.state().seq).toBe(20), within)
    expect(server.resyncs()).toBe(1)

    server.io.emit('delta', delta(21))
    await vi.waitFor(() => expect(store.state().values.get('A/D/x')?.value).toBe(21), within)
  })

  test('F5 a page whose server goes away says so', async () => {
    const server = await listen(() => snapshot(20))
    const store = new LiveStore()
    open.push(store.start(server.address))
    await vi.waitFor(() => expect(store.connection().kind).toBe('live'), within)
    await server.io.close()
    await vi.waitFor(() => expect(store.connection().kind).toBe('disconnected'), within)
  })
})
