import type { Database } from '@farwatch/runtime'

export interface ChainHead {
  readonly gateway: string
  readonly chain: string
  readonly seq: number
  /** SHA-256 of that batch's COSE_Sign1: what the next batch's `prev` must be. */
  readonly hash: Uint8Array
}

/**
 * The newest batch of every chain that has been committed. Records between `writerPosition` and the journal's end are not
 * in it yet: whoever needs to know all that was taken in reads those from the journal.
 */
export function lastBatches(database: Database): Promise<ChainHead[]> {
  // Hops from chain to chain on the index, however long each of them is.
  return database.query<ChainHead>(
    `with recursive chain as (
       (select gateway, chain from batch order by gateway, chain limit 1)
       union all
       select n.gateway, n.chain from chain c cross join lateral (
         select b.gateway, b.chain from batch b where (b.gateway, b.chain) > (c.gateway, c.chain)
         order by b.gateway, b.chain limit 1
       ) n
     )
     select c.gateway, c.chain, h.seq, h.hash from chain c cross join lateral (
       select b.seq, b.hash from batch b where b.gateway = c.gateway and b.chain = c.chain
       order by b.seq desc limit 1
     ) h`,
  )
}

/** The journal position that the writer takes next: everything before it is committed. 1 before the first start. */
export async function writerPosition(database: Database): Promise<number> {
  const [row] = await database.query<{ position: number }>(
    `select position from progress where name = 'writer'`,
  )
  return row?.position ?? 1
}
