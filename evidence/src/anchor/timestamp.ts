import { randomBytes, type X509Certificate } from 'node:crypto'
import { FarwatchError, messageOf } from '@farwatch/model'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import { id_ct_tstInfo, MessageImprint, TimeStampReq, TimeStampResp, TSTInfo } from '@peculiar/asn1-tsp'
import { AlgorithmIdentifier } from '@peculiar/asn1-x509'
import { entryHash } from '../chain.ts'
import type { Verified } from './anchor.ts'
import { nameOf, problemOfPath, problemOfPurpose } from './certificates.ts'
import { openSignedData } from './signed-data.ts'

/** An answer with its certificates has 2 to 8 kB. */
export const maxTimestampBytes = 64 * 1024

const sha256 = '2.16.840.1.101.3.4.2.1'
const nonceBytes = 8
const statusNames = [
  'granted',
  'granted with modifications',
  'rejected',
  'waiting',
  'revocation near',
  'revoked',
]

export interface TimestampRequest {
  /** DER, to be sent as `application/timestamp-query`. */
  readonly der: Uint8Array
  readonly nonce: Uint8Array
}

/** TimeStampReq (RFC 3161, 2.4.1) for SHA-256 over a signed statement, with a nonce and the wish for certificates. */
export function timestampRequest(statement: Uint8Array): TimestampRequest {
  const nonce = randomBytes(nonceBytes)
  // A DER integer that is positive and has no leading zeros is the same bytes at both ends.
  nonce[0] = (nonce[0]! & 0x7f) | 0x40
  const messageImprint = new MessageImprint({
    hashAlgorithm: new AlgorithmIdentifier({ algorithm: sha256, parameters: null }),
    hashedMessage: new OctetString(entryHash(statement)),
  })
  const request = new TimeStampReq({ messageImprint, nonce: new Uint8Array(nonce).buffer, certReq: true })
  return { der: new Uint8Array(AsnConvert.serialize(request)), nonce }
}

export interface Timestamp {
  /** When the authority says it has seen the statement (Unix ms). */
  readonly timeMs: number
  /** Subject of the authority's certificate. */
  readonly authority: string
  readonly serialNumber: string
  readonly policy: string
}

/**
 * Checks a TimeStampResp (RFC 3161, 2.4.2): granted, SHA-256 of exactly this statement, signature, the signer's
 * certificate for timestamps alone, its path to one of `roots` as of the stamped time. `nonce` is that of the
 * request: known when the answer comes, not any more years later. Never throws.
 */
export function verifyTimestamp(
  response: Uint8Array,
  statement: Uint8Array,
  { roots, nonce }: { roots: readonly X509Certificate[]; nonce?: Uint8Array },
): Verified<Timestamp> {
  try {
    return { ok: true, ...check(response, { statement, roots, nonce }) }
  } catch (error) {
    return {
      ok: false,
      problem: error instanceof FarwatchError ? error.message : `not a timestamp: ${messageOf(error)}`,
    }
  }
}

function check(
  response: Uint8Array,
  {
    statement,
    roots,
    nonce,
  }: { statement: Uint8Array; roots: readonly X509Certificate[]; nonce?: Uint8Array | undefined },
): Timestamp {
  if (response.length > maxTimestampBytes)
    throw wrong(`${response.length} bytes, at most ${maxTimestampBytes}`)
  const { status, timeStampToken } = AsnConvert.parse(response, TimeStampResp)
  if (status.status > 1 || timeStampToken === undefined) {
    const text = [...(status.statusString ?? [])].join(' ').slice(0, 200)
    throw wrong(
      `the authority answers "${statusNames[status.status] ?? status.status}"${text === '' ? '' : `: ${text}`}`,
    )
  }
  const { contentType, content, signer, certificates } = openSignedData(timeStampToken)
  if (contentType !== id_ct_tstInfo) throw wrong(`it is about ${contentType}, expected a timestamp`)
  const info = AsnConvert.parse(content, TSTInfo)
  const { hashAlgorithm, hashedMessage } = info.messageImprint
  if (hashAlgorithm.algorithm !== sha256)
    throw wrong(`imprint with ${hashAlgorithm.algorithm}, expected SHA-256`)
  if (!equal(hashedMessage.buffer, entryHash(statement))) throw wrong('it is a timestamp of something else')
  if (nonce !== undefined && !(info.nonce !== undefined && equal(info.nonce, nonce))) {
    throw wrong('the nonce is not that of the request: an old answer, or another one')
  }
  const timeMs = info.genTime.getTime()
  const problem =
    problemOfPurpose(signer) ?? problemOfPath(signer, { others: certificates, roots, atMs: timeMs })
  if (problem !== undefined) throw wrong(problem)
  return {
    timeMs,
    authority: nameOf(signer),
    serialNumber: Buffer.from(info.serialNumber).toString('hex'),
    policy: info.policy,
  }
}

function equal(a: ArrayBuffer, b: Uint8Array): boolean {
  return Buffer.from(a).equals(b)
}

function wrong(problem: string): FarwatchError {
  return new FarwatchError('bad-timestamp', problem)
}
