import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A webhook's receiver: answers 204 and tells of each alert that arrives when its body was whole. */
export async function startReceiver(onAlert: (subject: string, kind: string) => void) {
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request.setEncoding('utf8')) text += chunk
    response.writeHead(204).end()
    const { type, data } = JSON.parse(text) as { type: string; data: { alert: { subject: string } } }
    onAlert(data.alert.subject, type)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/alerts`,
    stop() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  }
}
