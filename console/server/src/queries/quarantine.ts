import type { Queryable } from '@farwatch/runtime'

/** One refused message, as the writer recorded it. */
export interface Quarantined {
  readonly receivedMs: number
  readonly topic: string
  readonly client: string
  readonly reason: string
  /** Bytes as received. */
  readonly size: number
  /** Its beginning, base64. */
  readonly beginning: string
}

/** Refused messages, newest first. */
export async function quarantined(database: Queryable, limit: number): Promise<Quarantined[]> {
  const rows = await database.query<{
    received_at: Date
    topic: string
    client: string
    reason: string
    size: number
    beginning: Uint8Array
  }>(
    `select received_at, topic, client, reason, size, substring(bytes for 256) as beginning
       from api_quarantine
      order by position desc
      limit $1`,
    [limit],
  )
  return rows.map(({ received_at, beginning, ...rest }) => ({
    ...rest,
    receivedMs: received_at.getTime(),
    beginning: Buffer.from(beginning).toString('base64'),
  }))
}
