import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  DataType,
  MessageSecurityMode,
  OPCUACertificateManager,
  OPCUAServer,
  SecurityPolicy,
  StatusCodes,
  type UAVariable,
  VariantArrayType,
} from 'node-opcua'

export interface OpcuaServerOptions {
  /** 0: any. */
  readonly port?: number
  readonly secure?: boolean
}

/** A node-opcua server with a few variables in namespace 1, below a folder of its own. */
export class OpcuaServer {
  readonly #server: OPCUAServer
  readonly #folder: string
  readonly variables: Readonly<Record<'level' | 'flag' | 'text' | 'big', UAVariable>>

  private constructor(server: OPCUAServer, folder: string) {
    this.#server = server
    this.#folder = folder
    const space = server.engine.addressSpace!.getOwnNamespace()
    const add = (name: string, dataType: string) =>
      space.addVariable({
        organizedBy: server.engine.addressSpace!.rootFolder.objects,
        browseName: name,
        nodeId: `s=${name}`,
        dataType,
      })
    this.variables = {
      level: add('level', 'Double'),
      flag: add('flag', 'Boolean'),
      text: add('text', 'String'),
      big: add('big', 'Int64'),
    }
    this.setLevel(1.5)
    this.variables.flag.setValueFromSource({ dataType: DataType.Boolean, value: true })
    this.variables.text.setValueFromSource({ dataType: DataType.String, value: 'open' })
    this.variables.big.setValueFromSource({
      dataType: DataType.Int64,
      arrayType: VariantArrayType.Scalar,
      value: [0xffff_ffff, 0xffff_ff85],
    })
  }

  static async open({ port = 0, secure = false }: OpcuaServerOptions = {}): Promise<OpcuaServer> {
    const folder = await mkdtemp(join(tmpdir(), 'farwatch-opcua-'))
    const store = (name: string) =>
      new OPCUACertificateManager({
        rootFolder: join(folder, name),
        automaticallyAcceptUnknownCertificate: true,
        disableFileWatchers: true,
      })
    const server = new OPCUAServer({
      port,
      hostname: '127.0.0.1',
      host: '127.0.0.1',
      serverCertificateManager: store('pki'),
      userCertificateManager: store('user-pki'),
      securityModes: [secure ? MessageSecurityMode.SignAndEncrypt : MessageSecurityMode.None],
      securityPolicies: [secure ? SecurityPolicy.Basic256Sha256 : SecurityPolicy.None],
      registerServerMethod: 1,
    })
    await server.initialize()
    const opened = new OpcuaServer(server, folder)
    await server.start()
    return opened
  }

  get port(): number {
    return this.#server.endpoints[0]!.port
  }

  /** Folder of the server's certificate store. */
  get pki(): string {
    return join(this.#folder, 'pki')
  }

  get sessions(): number {
    return this.#server.engine.currentSessionCount
  }

  setLevel(value: number, stamp: Date = new Date()): void {
    this.variables.level.setValueFromSource({ dataType: DataType.Double, value }, StatusCodes.Good, stamp)
  }

  failLevel(): void {
    this.variables.level.setValueFromSource(
      { dataType: DataType.Double, value: 0 },
      StatusCodes.BadSensorFailure,
      new Date(),
    )
  }

  async close(): Promise<void> {
    await this.#server.shutdown(0)
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
