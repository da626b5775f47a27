import { expect, test } from 'vitest'
import { cityConfigFrom } from './options.ts'

test('options come before the environment, the environment before defaults', () => {
  const environment = {
    FARWATCH_HOME: '/h',
    FARWATCH_CENTRE: 'mqtt://centre:1883',
    FARWATCH_SIM_OPCUA: 'opc.tcp://0.0.0.0:4841',
    FARWATCH_SIM_E09: 'gateway-e09:18840',
    FARWATCH_SIM_STATION_PASSWORD: 'secret',
  }
  expect(cityConfigFrom({ seed: '7', 'no-autoplay': true }, environment)).toMatchObject({
    home: '/h/sim',
    centreUrl: 'mqtt://centre:1883',
    seed: 7,
    host: '127.0.0.1',
    ports: { opcua: 4841, e09: 18840 },
    e09Host: 'gateway-e09',
    credentials: { station: { username: 'E10-station1', password: 'secret' } },
    autoplay: null,
  })
  expect(cityConfigFrom({ centre: 'mqtt://other:1' }, environment).centreUrl).toBe('mqtt://other:1')
  expect(cityConfigFrom({}, {})).toMatchObject({ centreUrl: 'mqtt://127.0.0.1:1883', seed: 1 })
})

test('F8 every option that cannot be used is named', () => {
  const all = () => cityConfigFrom({ seed: 'x', centre: 'http://a' }, { FARWATCH_SIM_MODBUS: 'nowhere' })
  for (const name of [/^seed: /m, /^centreUrl: /m, /^ports\.modbus: /m]) expect(all).toThrow(name)
})
