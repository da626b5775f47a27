import type { AddressInfo, Server } from 'node:net'
import { DriverError } from './driver.ts'
import type { HostPort } from './host-port.ts'

/** Lets a server listen; resolves with its port. @throws DriverError `listen`. */
export async function listening(server: Server, { host, port }: HostPort): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve)
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE' ? 'the port is in use: choose another or end its owner' : error.message
      reject(new DriverError('listen', `cannot listen on ${host}:${port}: ${why}`, error))
    })
    server.listen(port, host)
  })
  server.removeAllListeners('error')
  return (server.address() as AddressInfo).port
}
