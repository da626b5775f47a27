import { Registry } from '@farwatch/model'
import { expect, test } from 'vitest'
import { Admission, unknownBounds } from './admission.ts'

const name = { zh: '名', en: 'name' }

function registryOf(gateways: Readonly<Record<string, string | undefined>>): Registry {
  return Registry.parse({
    sites: Object.entries(gateways).map(([id, gateway]) => ({
      ...{ id, name, latitude: 33, longitude: 116, ...(gateway === undefined ? {} : { gateway }) },
      devices: [{ id: 'gas', name, points: [{ metric: 'lel', name }], frigateCamera: `${id}-gate` }],
    })),
  })
}

test('W1 who speaks for a site follows the registry at once, also for lists that were let in before', () => {
  const admission = new Admission(registryOf({ E01: 'gw1', E02: 'gw2' }))
  const list = ['E01/gas/lel']
  expect(admission.refusePoints(list, 'gw1')).toBeUndefined()
  admission.monitor(registryOf({ E01: 'gw9', E02: 'gw2', E03: 'gw3' }))
  expect(admission.refusePoints(list, 'gw1')).toBe('E01/gas/lel belongs to gw9, not to gw1')
  expect(admission.refusePoints(list, 'gw9')).toBeUndefined()
  expect(admission.refusePoint('E03/gas/lel', 'gw3')).toBeUndefined()
  admission.monitor(registryOf({ E01: undefined }))
  expect(admission.refusePoint('E01/gas/lel', undefined)).toBeUndefined()
  expect(admission.refusePoint('E01/gas/lel', 'gw9')).toMatch(/belongs to no gateway/)
  expect(admission.refusePoint('E02/gas/other', undefined)).toBeUndefined()
})

test('W1 a point or camera that gets registered no longer counts among the unknown ones', () => {
  const admission = new Admission(registryOf({}))
  for (let i = 0; i < unknownBounds.pointsPerDevice - 1; i++)
    admission.refusePoint(`E01/gas/m${i}`, undefined)
  for (let i = 0; i < unknownBounds.cameras - 1; i++) admission.refuseCamera(`c${i}`)
  expect(admission.refusePoint('E01/gas/lel', undefined)).toBeUndefined()
  expect(admission.refuseCamera('E01-gate')).toBeUndefined()
  expect(admission.refusePoint('E01/gas/more', undefined)).toMatch(/no more are taken/)
  expect(admission.refuseCamera('more')).toMatch(/no more are taken/)
  admission.monitor(registryOf({ E01: undefined }))
  expect(admission.refusePoint('E01/gas/more', undefined)).toBeUndefined()
  expect(admission.refuseCamera('more')).toBeUndefined()
})
