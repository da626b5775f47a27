import { createServer, type Server } from 'node:net'
import type { Duplex } from 'node:stream'
import { FarwatchError, messageOf, topics } from '@farwatch/model'
import { type Logger, limitPacketSize } from '@farwatch/runtime'
import { Aedes, type AuthenticateError, type Client, type PublishPacket } from 'aedes'
import { Connections, connectionBounds } from './connections.ts'
import type { Credentials, Principal } from './credentials.ts'
import type { Deliveries } from './deliveries.ts'
import { type Gate, pictureBounds } from './gate.ts'
import type { Quarantine } from './quarantine.ts'
import { type Answer, Receipts } from './receipts.ts'

export interface ListenerConfig {
  readonly host: string
  readonly port: number
}

export interface BrokerDeps {
  readonly gate: Gate
  readonly credentials: Credentials
  readonly quarantine: Quarantine
  readonly deliveries: Deliveries
  readonly log: Logger
}

/** Before someone has said who he is, a packet may hold a CONNECT and no more. */
const strangerBytes = 16 * 1024
const maxPacketBytes = pictureBounds.bytes + 1024

/** QoS 2 messages that a client may leave half done. */
const maxHalfDone = 20

type Known = Client & { principal?: Principal; hearsReceipts?: boolean }
type Done = (error?: Error) => void

/** aedes for a centre where nobody receives what others publish: it goes to the gate and, acknowledged, no further. */
class Listener extends Aedes {
  override publish(packet: PublishPacket, sender: Client | null | Done, done?: Done): void {
    if (typeof sender === 'function') super.publish(packet, sender)
    else done?.()
  }
}

/**
 * The centre's MQTT listener. A PUBLISH is acknowledged when the gate has it on disk: aedes writes the PUBACK after
 * `authorizePublish` and before anything else, so that is the place to wait. An error there closes the connection
 * without acknowledgement, which is right only when the disk does not take the message.
 */
export async function startBroker(
  config: ListenerConfig,
  { gate, credentials, quarantine, deliveries, log }: BrokerDeps,
) {
  const connections = new Connections<Duplex>(connectionBounds)
  const loopback = ['127.0.0.1', '::1', 'localhost'].includes(config.host)
  const broker = new Listener({
    concurrency: 1_000,
    connectTimeout: 10_000,
    drainTimeout: 30_000,
    queueLimit: 100,
    maxTopicLevels: 6,
    maxClientsIdLength: 64,
    maxInflightInbound: maxHalfDone,
  })
  await broker.listen()

  broker.preConnect = (_, packet, done) => {
    // MQTT 3.1.1, 3.1.3.1: without an id the session must be clean; aedes would let it pass.
    if (!packet.clientId && !packet.clean)
      return done(new Error('empty client id without a clean session'), false)
    if (packet.clientId.length > 64) return done(new Error('client id over 64 characters'), false)
    done(null, true)
  }

  broker.authenticate = (client: Known, user, password, done) => {
    const refuse = (returnCode: 2 | 3 | 4, problem: string, reason = 'not-authenticated') => {
      quarantine.count(client.id, reason, { user, problem })
      done(Object.assign(new Error(problem), { returnCode }) as AuthenticateError, false)
    }
    credentials.refresh().then(
      () => {
        const found = identify(client.id, user, password)
        if ('problem' in found) return refuse(found.returnCode, found.problem)
        const full = connections.admit(client.conn, user)
        if (full !== undefined) return refuse(3, full, 'too-many-connections')
        client.principal = found.principal
        // Only a gateway subscribes to anything. Of others a kept session would hold what they left half done, which is
        // stored already, under each name that they ever called themselves.
        if (found.principal.kind !== 'gateway') client.clean = true
        if (found.principal.kind === 'gateway' && connected.has(client.id)) deliveries.takenOver(client.id)
        done(null, true)
      },
      (error) => refuse(3, messageOf(error)),
    )
  }

  type Identified = { principal: Principal } | { returnCode: 2 | 4; problem: string }

  function identify(
    clientId: string,
    user: string | undefined,
    password: Uint8Array | undefined,
  ): Identified {
    if (user === undefined) {
      if (!loopback) return { returnCode: 4, problem: 'a user name and password are needed on this listener' }
      if (!credentials.anonymousAllowed) {
        return { returnCode: 4, problem: 'anonymous devices are not let in once one is enrolled' }
      }
      if (credentials.isGateway(clientId))
        return { returnCode: 2, problem: `client id ${clientId} belongs to a gateway` }
      return { principal: { kind: 'anonymous' } }
    }
    const principal = credentials.check(user, password ?? Buffer.alloc(0))
    if (principal === undefined) return { returnCode: 4, problem: 'wrong user name or password' }
    // A client id names the session that a second connection would take over: it must be the owner's.
    const isOwn =
      principal.kind === 'gateway' ? clientId === principal.gateway : !credentials.isGateway(clientId)
    return isOwn
      ? { principal }
      : { returnCode: 2, problem: `client id ${clientId} does not belong to ${user}` }
  }

  broker.authorizePublish = (client: Known | null, packet, done) => {
    if (client?.principal === undefined) return done(new Error('not authenticated'))
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload
    const message = { topic: packet.topic, payload, client: client.id, principal: client.principal }
    gate.take(message).then(
      (result) => {
        // Of QoS 2 aedes keeps the packet until its PUBREL.
        packet.payload = Buffer.alloc(0)
        done()
        if (result.outcome === 'judged') receipts.add(result)
      },
      (error) => {
        log.error(
          { client: client.id, problem: messageOf(error) },
          'a message could not be stored; not acknowledged',
        )
        done(error instanceof Error ? error : new Error(String(error)))
      },
    )
  }

  broker.authorizeSubscribe = (client: Known, subscription, done) => {
    const { principal } = client
    const own =
      principal?.kind === 'gateway' &&
      [topics.receipt(principal.gateway), topics.command(principal.gateway)].includes(subscription.topic)
    if (!own) quarantine.count(client.id, 'foreign-subscription', { topic: subscription.topic.slice(0, 200) })
    if (own && subscription.topic === topics.receipt(principal.gateway)) client.hearsReceipts = true
    done(null, own ? subscription : null)
  }
  broker.on('unsubscribe', (unsubscribed, client: Known) => {
    if (unsubscribed.includes(topics.receipt(client.id))) client.hearsReceipts = false
  })

  /** To the gateway's own connection; one that is gone sends again what has no receipt. */
  const receipts = new Receipts((gateway, receipt) => {
    const client = connected.get(gateway)
    if (!client?.hearsReceipts) return
    client.publish(
      {
        cmd: 'publish',
        topic: topics.receipt(gateway),
        payload: JSON.stringify(receipt),
        qos: 1,
        dup: false,
        retain: false,
      },
      (error) => {
        if (error)
          log.warn({ gateway, problem: error.message }, 'a receipt was not sent; the gateway will ask again')
      },
    )
  })

  // A new connection takes the session over before the old one's end is told.
  const connected = new Map<string, Known>()
  broker.on('clientReady', (client) => connected.set(client.id, client))
  broker.on('clientDisconnect', (client) => {
    if (connected.get(client.id) === client) connected.delete(client.id)
  })

  const server = createServer((socket) => {
    const address = socket.remoteAddress ?? ''
    const displaced = connections.enter(socket, address)
    if (displaced !== undefined) {
      quarantine.count(address, 'too-many-strangers', { problem: 'connections that do not say who they are' })
      displaced.destroy()
    }
    socket.on('close', () => connections.leave(socket))
    socket.on('error', () => undefined)
    socket.setNoDelay(true)
    // A device may ask for no keep-alive of MQTT's own; TCP's then finds out that it is gone.
    socket.setKeepAlive(true, 60_000)
    const client = broker.handle(socket) as Known
    limitPacketSize(
      socket,
      () => (client.principal === undefined ? strangerBytes : maxPacketBytes),
      (bytes) => quarantine.count(client.id ?? '', 'too-large', { bytes, most: maxPacketBytes }),
    )
  })
  try {
    await listen(server, config)
  } catch (error) {
    await new Promise<void>((resolve) => broker.close(() => resolve()))
    throw error
  }
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : config.port
  return {
    port,
    get connections() {
      return connections.count
    },
    /** Whether a gateway is connected; its client id is its name. */
    isConnected: (gateway: string) => connected.has(gateway),
    sendReceipt: (answer: Answer) => receipts.add(answer),
    async stop(): Promise<void> {
      server.close()
      await new Promise<void>((resolve) => broker.close(() => resolve()))
      for (const socket of connections.all) socket.destroy()
    },
  }
}

function listen(server: Server, { host, port }: ListenerConfig): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const inUse = cause.code === 'EADDRINUSE'
      const message = inUse
        ? `MQTT port ${port} on ${host} is in use by another program; stop it or choose another with --mqtt PORT`
        : `cannot listen for MQTT on ${host}:${port}: ${cause.message}`
      reject(new FarwatchError(inUse ? 'port-in-use' : 'cannot-listen', message, { cause }))
    })
    server.listen(port, host, () => resolve())
  })
}
