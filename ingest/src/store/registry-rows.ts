import { type ChangedSite, pointsOf, type Registry } from '@farwatch/model'
import type { Database, Transaction } from '@farwatch/runtime'
import { storableJson } from './binary-copy.ts'

/** So many rows go into one statement. */
const rowsAtOnce = 5_000

const upserts = {
  site: `insert into site (id, registered, definition)
    select id, true, definition from jsonb_to_recordset($1::jsonb) as r (id text, definition jsonb)
    on conflict (id) do update set registered = true, definition = excluded.definition
    where not site.registered or site.definition <> excluded.definition`,
  device: `insert into device (site, id, registered, definition)
    select site, id, true, definition
    from jsonb_to_recordset($1::jsonb) as r (site text, id text, definition jsonb)
    on conflict (site, id) do update set registered = true, definition = excluded.definition
    where not device.registered or device.definition <> excluded.definition`,
  point: `insert into point (key, site, device, metric, registered, definition)
    select key, site, device, metric, true, definition
    from jsonb_to_recordset($1::jsonb) as r (key text, site text, device text, metric text, definition jsonb)
    on conflict (key) do update set registered = true, definition = excluded.definition
    where not point.registered or point.definition <> excluded.definition`,
} as const

/** Makes the tables say what has changed since they were last made to say what the registry says. */
export function syncChanges(database: Database, changed: readonly ChangedSite[]): Promise<void> {
  const sites = changed.flatMap(({ after }) => after ?? [])
  return sync(database, { sites }, { only: changed.map(({ id }) => id) })
}

/** Makes the tables say what the registry says. What it no longer lists becomes unregistered; nothing is ever deleted. */
export function syncRegistry(database: Database, registry: Registry): Promise<void> {
  return sync(database, registry, {})
}

/** With `only`, nothing of other sites is looked at. */
async function sync(
  database: Database,
  registry: Registry,
  { only }: { only?: readonly string[] },
): Promise<void> {
  const sites = registry.sites.map(({ devices, ...definition }) => ({ id: definition.id, definition }))
  const devices = registry.sites.flatMap((site) =>
    site.devices.map(({ points, ...definition }) => ({ site: site.id, id: definition.id, definition })),
  )
  const points = Array.from(pointsOf(registry), ({ key, site, device, point }) => ({
    key,
    site: site.id,
    device: device.id,
    metric: point.metric,
    definition: point,
  }))
  await database.transaction(async (transaction) => {
    await upsert(transaction, 'site', sites)
    await upsert(transaction, 'device', devices)
    await upsert(transaction, 'point', points)
    await transaction.query(
      `update site set registered = false
       where registered and id <> all($1::text[]) and ($2::text[] is null or id = any($2::text[]))`,
      [sites.map(({ id }) => id), only ?? null],
    )
    await transaction.query(
      `update device set registered = false
       where registered and site || '/' || id <> all($1::text[]) and ($2::text[] is null or site = any($2::text[]))`,
      [devices.map(({ site, id }) => `${site}/${id}`), only ?? null],
    )
    await transaction.query(
      `update point set registered = false
       where registered and key <> all($1::text[]) and ($2::text[] is null or site = any($2::text[]))`,
      [points.map(({ key }) => key), only ?? null],
    )
  })
}

async function upsert(
  transaction: Transaction,
  table: keyof typeof upserts,
  rows: readonly unknown[],
): Promise<void> {
  for (let start = 0; start < rows.length; start += rowsAtOnce) {
    await transaction.query(upserts[table], [storableJson(rows.slice(start, start + rowsAtOnce))])
  }
}
