import { batchHash, openSign1 } from '@farwatch/evidence'
import { type BatchHeader, type CentreRecord, decodeBatch, decodeHeader } from '@farwatch/model'

/** What a batch's signature covers, read as far as the ledger needs it. */
export interface SignedHeader {
  readonly header: BatchHeader
  readonly keyId: string
  /** SHA-256 of `sign1`. */
  readonly hash: Uint8Array
  /** COSE_Sign1 as received. */
  readonly sign1: Uint8Array
}

type BatchRecord = CentreRecord & { readonly kind: 'batch' }

const known = new WeakMap<CentreRecord, SignedHeader>()

/** Intake has read this batch already: the writer need not do it again. */
export function knowSignedHeader(record: CentreRecord, signed: SignedHeader): void {
  known.set(record, signed)
}

/** The signed header of a batch that intake let in. @throws FarwatchError where it cannot be read, a fault of ours. */
export function signedHeaderOf(record: BatchRecord): SignedHeader {
  const found = known.get(record)
  if (found !== undefined) return found
  const message = decodeBatch(record.bytes)
  const { payload, keyId } = openSign1(message.sign1)
  return { header: decodeHeader(payload), keyId, hash: batchHash(message), sign1: message.sign1 }
}
