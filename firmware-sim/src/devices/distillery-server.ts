import { join } from 'node:path'
import { FarwatchError, messageOf } from '@farwatch/model'
import { type Service, startService } from '@farwatch/runtime'
import {
  DataType,
  MessageSecurityMode,
  OPCUACertificateManager,
  OPCUAServer,
  SecurityPolicy,
  StatusCodes,
  type UAVariable,
} from 'node-opcua'
import { cellarSensors } from '../values/city-processes.ts'
import { type DeviceContext, reachableAs, rounded } from './device.ts'

const everyMs = 500

/** Namespace index 2, string identifiers; each with the point it shows. */
const variables = [
  ...cellarSensors.map((sensor) => ({ id: `Cellar.${sensor}`, key: `E01/cellar/${sensor}`, state: false })),
  { id: 'TK101.Level', key: 'E01/tk101/level', state: false },
  { id: 'Fan1.Run', key: 'E01/cellar/fan1', state: true },
]

export interface DistilleryOptions {
  /** Folder for the server's keys and certificates. */
  readonly home: string
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
}

/**
 * E01's controller as an OPC UA server: six variables in namespace 2, new values with source timestamps twice a second;
 * security None, and Basic256Sha256 with any client certificate.
 * @throws FarwatchError `port-unavailable`.
 */
export function startDistillery(
  { home, host, port }: DistilleryOptions,
  { plant, clock, log }: DeviceContext,
): Promise<Service & { readonly endpoint: string }> {
  return startService(log, async (life) => {
    const certificates = (name: string) =>
      new OPCUACertificateManager({
        rootFolder: join(home, 'opcua', name),
        automaticallyAcceptUnknownCertificate: true,
      })
    const server = new OPCUAServer({
      host,
      hostname: reachableAs(host),
      port,
      serverInfo: { applicationName: { text: 'Farwatch simulator E01', locale: 'en' } },
      serverCertificateManager: certificates('server'),
      userCertificateManager: certificates('users'),
      securityModes: [MessageSecurityMode.None, MessageSecurityMode.Sign, MessageSecurityMode.SignAndEncrypt],
      securityPolicies: [SecurityPolicy.None, SecurityPolicy.Basic256Sha256],
      serverCapabilities: { maxSessions: 20 },
      maxConnectionsPerEndpoint: 20,
    })
    try {
      await server.initialize()
      const nodes = addVariables(server)
      const refresh = () => {
        const now = clock.now()
        for (const { key, state, node } of nodes) {
          const value = plant.value(key, now)
          node.setValueFromSource(
            state
              ? { dataType: DataType.Boolean, value: value > 0.5 }
              : { dataType: DataType.Double, value: rounded(value, 3) },
            StatusCodes.Good,
            new Date(now),
          )
        }
      }
      refresh()
      await server.start()
      life.onStop('opcua server', () => server.shutdown(0))
      life.onStop('opcua values', clock.every(everyMs, refresh))
    } catch (cause) {
      throw new FarwatchError('port-unavailable', `OPC UA ${host}:${port}: ${messageOf(cause)}`, { cause })
    }
    return { endpoint: `opc.tcp://${reachableAs(host)}:${server.endpoints[0]!.port}` }
  })
}

function addVariables(server: OPCUAServer): { key: string; state: boolean; node: UAVariable }[] {
  const addressSpace = server.engine.addressSpace!
  const namespace = addressSpace.registerNamespace('urn:farwatch:simulator:E01')
  if (namespace.index !== 2) throw new FarwatchError('bad-namespace', `index ${namespace.index}, expected 2`)
  const plc = namespace.addObject({
    organizedBy: addressSpace.rootFolder.objects,
    browseName: 'Distillery',
    nodeId: 's=Distillery',
  })
  return variables.map(({ id, key, state }) => ({
    key,
    state,
    node: namespace.addVariable({
      componentOf: plc,
      browseName: id,
      nodeId: `s=${id}`,
      dataType: state ? DataType.Boolean : DataType.Double,
      accessLevel: 'CurrentRead',
      userAccessLevel: 'CurrentRead',
    }),
  }))
}
