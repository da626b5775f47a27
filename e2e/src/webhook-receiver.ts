import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Alert, Transition } from '@farwatch/model'
import { Webhook } from 'standardwebhooks'

/** A call whose signature was valid. */
export interface Received {
  /** `webhook-id`: the same when a call is repeated. */
  readonly id: string
  readonly type: string
  /** When it was received first. */
  readonly arrivedMs: number
  readonly data: { readonly alert: Alert; readonly transition: Transition }
}

/** A receiver of Standard Webhooks on loopback that takes nothing without a valid signature. */
export class WebhookReceiver {
  readonly secret = `whsec_${randomBytes(32).toString('base64')}`
  /** Each call once. */
  readonly received: Received[] = []
  /** Why calls were refused. */
  readonly refused: string[] = []
  readonly #verifier = new Webhook(this.secret)
  readonly #server: Server = createServer((request, answer) => {
    this.#take(request)
      .then((status) => answer.writeHead(status).end())
      .catch(() => answer.destroy())
  })

  /** Listens, and returns the URL to call. */
  async open(): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host: '127.0.0.1', port: 0 }, resolve)
    })
    const address = this.#server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    return `http://127.0.0.1:${port}/alerts`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** The calls of one type about one subject. */
  of(type: string, subject: string): Received[] {
    return this.received.filter((one) => one.type === type && one.data.alert.subject === subject)
  }

  async #take(request: IncomingMessage): Promise<number> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString()
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    )
    try {
      const { type, data } = this.#verifier.verify(body, headers) as Pick<Received, 'type' | 'data'>
      const id = headers['webhook-id'] ?? ''
      if (!this.received.some((one) => one.id === id))
        this.received.push({ id, type, data, arrivedMs: Date.now() })
      return 204
    } catch (error) {
      this.refused.push(`${String(error)}: ${body.slice(0, 200)}`)
      return 401
    }
  }
}
