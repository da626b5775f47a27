import { Device, Point, type PointKey, parsePointKey } from '@farwatch/model'
import type { Database } from '@farwatch/runtime'

/** At most this many points that nobody registered; readings of further ones go to quarantine. */
const maxUnregistered = 100_000

/** Which number a point has in the database; all of them are held in memory. */
export class PointIds {
  readonly #database: Database
  readonly #ids = new Map<PointKey, number>()
  readonly #bound: number
  /** The numbers of lists of points that all have one. */
  #lists = new WeakMap<readonly PointKey[], Int32Array>()
  #unregistered = 0

  constructor(database: Database, bound = maxUnregistered) {
    this.#database = database
    this.#bound = bound
  }

  async load(): Promise<void> {
    const rows = await this.#database.query<{ id: number; key: string; registered: boolean }>(
      'select id, key, registered from point',
    )
    this.#ids.clear()
    this.#lists = new WeakMap()
    for (const { id, key } of rows) this.#ids.set(key, id)
    this.#unregistered = rows.filter(({ registered }) => !registered).length
  }

  get(key: PointKey): number | undefined {
    return this.#ids.get(key)
  }

  /** The number of each of these points; 0 where one has none. */
  of(points: readonly PointKey[]): Int32Array {
    const known = this.#lists.get(points)
    if (known !== undefined) return known
    const ids = Int32Array.from(points, (point) => this.#ids.get(point) ?? 0)
    if (!ids.includes(0)) this.#lists.set(points, ids)
    return ids
  }

  /** Enters points seen for the first time as unregistered, as far as the bound allows. */
  async add(keys: ReadonlySet<PointKey>): Promise<void> {
    const room = Math.max(0, this.#bound - this.#unregistered)
    const points = Array.from(keys)
      .slice(0, room)
      .flatMap((key) => {
        const name = parsePointKey(key)
        return name === undefined ? [] : [{ key, ...name, ...definitionsOf(name.device, name.metric) }]
      })
    if (points.length === 0) return
    const rows = JSON.stringify(points)
    const added = await this.#database.transaction(async (transaction) => {
      await transaction.query(
        `insert into site (id, registered, definition)
         select distinct site, false, jsonb_build_object('id', site, 'kind', 'other',
                'name', jsonb_build_object('zh', site, 'en', site))
         from jsonb_to_recordset($1::jsonb) as r (site text)
         on conflict do nothing`,
        [rows],
      )
      await transaction.query(
        `insert into device (site, id, registered, definition)
         select distinct site, device, false, device_definition
         from jsonb_to_recordset($1::jsonb) as r (site text, device text, device_definition jsonb)
         on conflict do nothing`,
        [rows],
      )
      await transaction.query(
        `insert into point (key, site, device, metric, registered, definition)
         select key, site, device, metric, false, definition
         from jsonb_to_recordset($1::jsonb)
           as r (key text, site text, device text, metric text, definition jsonb)
         on conflict do nothing`,
        [rows],
      )
      return transaction.query<{ id: number; key: string }>(
        'select id, key from point where key = any($1::text[])',
        [points.map(({ key }) => key)],
      )
    })
    for (const { id, key } of added) this.#ids.set(key, id)
    this.#unregistered += added.length
  }
}

/** What is known of a point and a device that only spoke: their names. */
function definitionsOf(device: string, metric: string) {
  return {
    definition: Point.parse({ metric, name: { zh: metric, en: metric } }),
    device_definition: Device.parse({ id: device, name: { zh: device, en: device }, points: [] }),
  }
}
