import type { Database, Queryable, Transaction } from '@farwatch/runtime'
import { storableJson } from './binary-copy.ts'
import { type Item, refusedItem } from './item.ts'
import type { PointIds } from './point-ids.ts'
import { encodeItems, type Tables } from './tables.ts'

/** Newest kept. */
const kept = { picturesPerCamera: 200, quarantine: { rows: 10_000, bytes: 256 * 1024 * 1024 } } as const

/** Consecutive records on their way into the database, encoded while those before them commit. */
export interface Chunk {
  readonly items: readonly Item[]
  readonly tables: Tables
  /** Journal position after the last of them. */
  readonly next: number
}

export type Outcome =
  | { readonly done: true; readonly duplicates: number; readonly tables: Tables }
  /** Nothing was written: the database has come to another position than the one expected. */
  | { readonly done: false; readonly position: number }

/**
 * One transaction: rows, ledger and the writer's place, or none of them. `from` is the place expected in the database; when
 * it differs, an earlier COMMIT whose answer was lost did succeed.
 */
export function commitChunk(
  database: Database,
  chunk: Chunk,
  { from, ids }: { from: number; ids: PointIds },
): Promise<Outcome> {
  return database.transaction(async (transaction) => {
    const moved = await transaction.query(
      `update progress set position = $1 where name = 'writer' and position = $2 returning position`,
      [chunk.next, from],
    )
    if (moved.length === 0) {
      return { done: false, position: await writerPosition(transaction) }
    }
    const { items, duplicates } = await withoutDoubles(transaction, chunk.items)
    const tables = items === chunk.items ? chunk.tables : encodeItems(items, ids)
    for (const { table, columns, data } of tables.copies) await transaction.copyIn(table, columns, data)
    await saveNewest(transaction, tables)
    await trim(transaction, tables)
    return { done: true, duplicates, tables }
  })
}

/** The journal position that the writer takes next: everything before it is committed. 1 before the first start. */
export async function writerPosition(database: Queryable): Promise<number> {
  const [row] = await database.query<{ position: number }>(
    `select position from progress where name = 'writer'`,
  )
  return row?.position ?? 1
}

/**
 * The ledger filters: a batch that is there already (same chain, sequence and hash) is dropped; another batch in the
 * same place of a chain goes to quarantine.
 */
async function withoutDoubles(
  transaction: Transaction,
  items: readonly Item[],
): Promise<{ items: readonly Item[]; duplicates: number }> {
  const seen = await ledgerOf(transaction, items)
  const kept: Item[] = []
  let duplicates = 0
  let changed = false
  for (const item of items) {
    if (item.content.kind !== 'batch') {
      kept.push(item)
      continue
    }
    const { header, hash } = item.content.signed
    const place = `${header.gateway} ${header.chain} ${header.seq}`
    const before = seen.get(place)
    if (before === undefined) {
      seen.set(place, hash)
      kept.push(item)
      continue
    }
    changed = true
    if (Buffer.compare(before, hash) === 0) duplicates++
    else kept.push(refusedItem(item.source, `sequence ${header.seq} of this chain is another batch already`))
  }
  return { items: changed ? kept : items, duplicates }
}

/** Hashes of the ledger where the items' batches want to stand. */
async function ledgerOf(transaction: Transaction, items: readonly Item[]): Promise<Map<string, Uint8Array>> {
  const ranges = new Map<string, { gateway: string; chain: string; low: number; high: number }>()
  for (const { content } of items) {
    if (content.kind !== 'batch') continue
    const { gateway, chain, seq } = content.signed.header
    const key = `${gateway} ${chain}`
    const range = ranges.get(key) ?? { gateway, chain, low: seq, high: seq }
    ranges.set(key, { ...range, low: Math.min(range.low, seq), high: Math.max(range.high, seq) })
  }
  if (ranges.size === 0) return new Map()
  const rows = await transaction.query<{ gateway: string; chain: string; seq: number; hash: Uint8Array }>(
    `select b.gateway, b.chain, b.seq, b.hash
     from jsonb_to_recordset($1::jsonb) as r (gateway text, chain text, low bigint, high bigint)
     join batch b on b.gateway = r.gateway and b.chain = r.chain and b.seq between r.low and r.high`,
    [JSON.stringify([...ranges.values()])],
  )
  return new Map(rows.map(({ gateway, chain, seq, hash }) => [`${gateway} ${chain} ${seq}`, hash]))
}

/** What gateways last said of themselves, one row a gateway in each table. */
async function saveNewest(transaction: Transaction, { statuses, deliveries }: Tables): Promise<void> {
  const told = [
    {
      ...{ table: 'gateway_seen', column: 'status', time: 'received_at' },
      rows: Array.from(statuses, ([gateway, { status, receivedMs }]) => ({
        gateway,
        value: status,
        receivedMs,
      })),
    },
    {
      ...{ table: 'gateway_delivery', column: 'delivery', time: 'told_at' },
      rows: Array.from(deliveries, ([gateway, { delivery, receivedMs }]) => ({
        gateway,
        value: delivery,
        receivedMs,
      })),
    },
  ]
  for (const { table, column, time, rows } of told) {
    if (rows.length === 0) continue
    const dated = rows.map(({ gateway, value, receivedMs }) => ({ gateway, value, at: new Date(receivedMs) }))
    await transaction.query(
      `insert into ${table} (gateway, ${column}, ${time})
       select gateway, value, at from jsonb_to_recordset($1::jsonb) as r (gateway text, value jsonb, at timestamptz)
       on conflict (gateway) do update set ${column} = excluded.${column}, ${time} = excluded.${time}`,
      [storableJson(dated)],
    )
  }
}

async function trim(transaction: Transaction, { cameras, refusals }: Tables): Promise<void> {
  if (cameras.length > 0) {
    await transaction.query(
      `delete from picture p using unnest($1::text[]) as c (camera)
       where p.camera = c.camera and p.position <= (
         select q.position from picture q where q.camera = c.camera order by q.position desc offset $2 limit 1)`,
      [cameras, kept.picturesPerCamera],
    )
  }
  if (refusals > 0) {
    await transaction.query(
      `delete from quarantine where position <= (
         select position from (
           select position, row_number() over newest as rows, sum(octet_length(bytes)) over newest as bytes
           from quarantine window newest as (order by position desc, topic)) as kept
         where rows > $1 or bytes > $2 order by position desc limit 1)`,
      [kept.quarantine.rows, kept.quarantine.bytes],
    )
  }
}
