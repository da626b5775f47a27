import { Registry } from '@farwatch/model'
import { silentLog, systemClock } from '@farwatch/runtime'
import { testEngines } from '@farwatch/runtime/testing'
import { describe, expect, test, vi } from 'vitest'
import { RegistryFollower } from './registry-follower.ts'
import { syncRegistry } from './registry-rows.ts'
import { migrateStore } from './schema.ts'

// Opening the embedded engine takes seconds on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

const name = { zh: '名', en: 'name' }
const siteOf = (id: string, ...metrics: string[]) =>
  Registry.parse({
    sites: [
      {
        ...{ id, name, latitude: 33.9, longitude: 115.7 },
        devices: [{ id: 'stack', name, points: metrics.map((metric) => ({ metric, name })) }],
      },
    ],
  }).sites[0]!

for (const engine of testEngines) {
  const title = `registry follower, ${engine.name}`
  describe.skipIf(engine.missing)(engine.missing ? `${title} (${engine.missing})` : title, () => {
    test('W1 the tables follow the registry while it changes, and no other site is looked at', async () => {
      const { database, drop } = await engine.create()
      try {
        await migrateStore(database, silentLog)
        const [e01, e02] = [siteOf('E01', 'so2'), siteOf('E02', 'nox')]
        const registry = { sites: [e01] }
        await syncRegistry(database, registry)
        const follower = new RegistryFollower({ database, clock: systemClock, log: silentLog, registry })
        const registered = async () =>
          (await database.query<{ key: string }>('select key from point where registered order by key')).map(
            ({ key }) => key,
          )
        follower.monitor({ sites: [e01, e02] })
        await expect.poll(registered, { timeout: 30_000 }).toEqual(['E01/stack/so2', 'E02/stack/nox'])
        // Two at once: the newest counts.
        follower.monitor({ sites: [] })
        follower.monitor({ sites: [e02, siteOf('E01', 'co')] })
        await expect.poll(registered, { timeout: 30_000 }).toEqual(['E01/stack/co', 'E02/stack/nox'])
        follower.monitor({ sites: [e01] })
        await expect.poll(registered, { timeout: 30_000 }).toEqual(['E01/stack/so2'])
        await follower.stop()
      } finally {
        await drop()
      }
    })
  })
}
