/**
 * A development tool, not the product: plays a scripted Bozhou against the console's real contract (socket.io and HTTP),
 * so that the pages can be looked at without a centre. Prints the address it listens on. Options by environment:
 * `PORT` (0), `SCENE` = calm | alert | story (default), `FARWATCH_MAPBOX_TOKEN`.
 */

import type { ClientToServer, ServerToClient } from '@farwatch/model'
import fastifyStatic from '@fastify/static'
import fastify from 'fastify'
import { Server } from 'socket.io'
import { ensureBuilt } from '../build.ts'
import { City } from './city.ts'
import { historyOf } from './history.ts'
import { drawPicture } from './picture.ts'

const scene = process.env.SCENE ?? 'story'
const city = new City(scene, Date.now())
const app = fastify()
// As strict as the product may be: the pages must live with it.
const policy =
  "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
app.addHook('onSend', async (_request, reply) => {
  void reply.header('content-security-policy', policy)
})
await app.register(fastifyStatic, { root: await ensureBuilt() })

app.get('/api/config', () => ({
  mapboxToken: process.env.FARWATCH_MAPBOX_TOKEN ?? null,
  version: 'development',
}))
app.get('/api/session', () => ({
  ...{ state: 'in', account: { id: 'wangmin', name: 'Wang Min' }, singleSignOn: null },
  grants: [{ role: 'operator', jurisdiction: null, department: null, enterprise: null }],
  actions: ['monitoring.read', 'pictures.read', 'alerts.act'],
}))
app.get('/api/health', () => ({ status: 'ok', components: {} }))
app.get<{ Querystring: { point: string; from: string; to: string; step?: string } }>(
  '/api/readings',
  ({ query }) => historyOf(city, query),
)
app.get<{ Params: { device: string } }>('/api/pictures/:device', (_request, reply) => {
  void reply.type('image/svg+xml')
  return drawPicture(city.pictureMs)
})
app.post<{ Params: { id: string }; Body: { by: string; comment?: string } }>(
  '/api/alerts/:id/acknowledge',
  async ({ params, body }, reply) => {
    await new Promise((resolve) => setTimeout(resolve, 700))
    const alert = city.acknowledge(params.id, body.by)
    if (alert) return { outcome: 'done', alert }
    return reply.status(404).type('application/problem+json').send({ title: 'No such alert', status: 404 })
  },
)

const io = new Server<ClientToServer, ServerToClient>(app.server)
io.on('connection', (socket) => {
  socket.emit('snapshot', city.snapshot())
  socket.on('resync', () => socket.emit('snapshot', city.snapshot()))
})
const timer = setInterval(() => {
  const delta = city.step(Date.now())
  if (delta) io.emit('delta', delta)
}, 1_000)

const address = await app.listen({ port: Number(process.env.PORT ?? 0), host: '127.0.0.1' })
process.stdout.write(`${address}\n`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    clearInterval(timer)
    void io.close().then(() => process.exit(0))
  })
}
