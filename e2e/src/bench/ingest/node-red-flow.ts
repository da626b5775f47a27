/** The flow and settings that this bench gives to Node-RED: the job of the plain load, as somebody who knows it well would do it. */

const takeApart = `const [, site, device] = msg.topic.split('/')
const { ts, values } = msg.payload
const at = new Date(ts).toISOString()
const numbers = flow.get('numbers')
const times = [], points = [], figures = []
for (const metric of Object.keys(values)) {
  const key = site + '/' + device + '/' + metric
  let number = numbers.get(key)
  if (number === undefined) numbers.set(key, (number = numbers.size + 1))
  if (values[metric] > 500) node.warn(key + ' is above its limit')
  times.push(at)
  points.push(number)
  figures.push(values[metric])
}
flow.get('pool')
  .query('insert into reading select unnest($1::timestamptz[]), unnest($2::int[]), unnest($3::float8[]), 0', [times, points, figures])
  .then(() => node.done(), (error) => node.error(error, msg))
return null`

const prepare = `flow.set('numbers', new Map())
flow.set('pool', new (global.get('pg').Pool)({ connectionString: global.get('databaseUrl'), max: 10 }))`

export function flow(mqttPort: number): object[] {
  return [
    { id: 'job', type: 'tab', label: 'plain telemetry into a database' },
    {
      ...{
        id: 'broker',
        type: 'mqtt-broker',
        broker: '127.0.0.1',
        port: String(mqttPort),
        clientid: 'node-red',
      },
      ...{ autoConnect: true, usetls: false, protocolVersion: '4', keepalive: '60', cleansession: true },
    },
    {
      ...{ id: 'in', type: 'mqtt in', z: 'job', topic: 'telemetry/#', qos: '1', datatype: 'json' },
      ...{ broker: 'broker', inputs: 0, wires: [['take-apart']] },
    },
    {
      ...{ id: 'take-apart', type: 'function', z: 'job', initialize: prepare, func: takeApart },
      ...{ outputs: 1, wires: [[]] },
    },
  ]
}

export function settings({ port, pg, url }: { port: number; pg: string; url: string }): string {
  return `module.exports = {
  uiHost: '127.0.0.1',
  uiPort: ${port},
  flowFile: 'flows.json',
  logging: { console: { level: 'off' } },
  functionGlobalContext: { pg: require(${JSON.stringify(pg)}), databaseUrl: ${JSON.stringify(url)} },
}
`
}
