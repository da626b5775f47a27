import { batchHash, type OpenBatch, openBatch, openSign1 } from '@farwatch/evidence'
import { decodeBatch, decodeHeader, messageOf, noReadings } from '@farwatch/model'

/** So often a batch with a good signature over unreadable readings may come before it is refused for good. */
const most = 3

/**
 * A batch with its readings; where those cannot be read, its signed header alone, and why; where that cannot be read
 * either, only why.
 */
export function readBatch(
  payload: Uint8Array,
):
  | { readonly batch: OpenBatch; readonly malformed: string | undefined }
  | { readonly batch: undefined; readonly malformed: string } {
  try {
    return { batch: openBatch(payload), malformed: undefined }
  } catch (error) {
    return { batch: headerOf(payload), malformed: messageOf(error) }
  }
}

function headerOf(payload: Uint8Array): OpenBatch | undefined {
  try {
    const message = decodeBatch(payload)
    const { sign1 } = message
    const signed = openSign1(sign1)
    const header = decodeHeader(signed.payload)
    return { header, readings: noReadings, hash: batchHash(message), signed, sign1 }
  } catch {
    return undefined
  }
}

/** The batch of each gateway that could not be read last. */
export class Unreadable {
  readonly #last = new Map<string, { readonly name: string; readonly times: number }>()

  /** Bytes may have been altered on the way: a batch that cannot be read is asked for again, but not for ever. */
  mayComeBetter(gateway: string, hash: Uint8Array): boolean {
    const name = Buffer.from(hash).toString('hex')
    const before = this.#last.get(gateway)
    const times = before?.name === name ? before.times + 1 : 1
    this.#last.set(gateway, { name, times })
    return times < most
  }
}
