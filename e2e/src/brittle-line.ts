import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net'

/** A proxy that breaks each of its first connections after a number of bytes drawn from a printed seed. */
export async function brittleLine(
  target: number,
  { mostBreaks = 6, leastBytes = 2_000, spreadBytes = 20_000 } = {},
) {
  const seed = Date.now() % 1_000_003
  console.log(`brittle line seed ${seed}`)
  let state = seed
  const random = () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
  let breaks = 0
  let healed = false
  const sockets = new Set<Socket>()
  const server: Server = createServer((near) => {
    const far = connectTcp(target, '127.0.0.1')
    let left = healed || breaks >= mostBreaks ? Number.POSITIVE_INFINITY : leastBytes + random() * spreadBytes
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('error', () => undefined)
      from.on('close', () => to.destroy())
      from.on('data', (chunk) => {
        if (chunk.length > left) {
          to.write(chunk.subarray(0, left))
          breaks++
          near.destroy()
          far.destroy()
          left = Number.POSITIVE_INFINITY
        } else {
          left -= chunk.length
          to.write(chunk)
        }
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    breaks: () => breaks,
    heal() {
      healed = true
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
