import type { OpenBatch } from '@farwatch/evidence'
import {
  type CentreRecord,
  encodeDecoded,
  encodeRecord,
  isPlain,
  messageOf,
  type Readings,
} from '@farwatch/model'
import type { Journal } from '@farwatch/runtime'
import type { Sealer } from '../seal/sealer.ts'
import { knowSignedHeader } from '../signed-header.ts'

/** Puts what is taken into the centre's journal, and shows the sealer what came without a signature. */
export class Keeper {
  readonly #journal: Journal
  readonly #sealer: Sealer
  #problem: string | undefined

  constructor({ journal, sealer }: { journal: Journal; sealer: Sealer }) {
    this.#journal = journal
    this.#sealer = sealer
  }

  /** Why the last record that was to be kept was not, until one is again. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** Resolves with the position once the batch is on disk. */
  keepBatch(record: CentreRecord, { readings, header, signed, hash, sign1 }: OpenBatch): Promise<number> {
    knowSignedHeader(record, { header, keyId: signed.keyId, hash, sign1 })
    return this.#append(record, encodeDecoded(record, readings))
  }

  /** The same for any other record. */
  keep(record: CentreRecord, readings?: Readings): Promise<number> {
    return this.#append(
      record,
      readings === undefined ? encodeRecord(record) : encodeDecoded(record, readings),
    )
  }

  async #append(record: CentreRecord, payload: Uint8Array): Promise<number> {
    try {
      const position = await this.#journal.append(payload)
      if (isPlain(record)) this.#sealer.note(position, payload)
      if (this.#sealer.isFull) void this.#sealer.seal()
      this.#problem = undefined
      return position
    } catch (error) {
      this.#problem = messageOf(error)
      throw error
    }
  }
}
