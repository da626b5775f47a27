import type { X509Certificate } from 'node:crypto'
import { messageOf } from '@farwatch/model'
import { AnchorCheck, decodeAnchorRecords, type Witness } from '../anchor/record.ts'
import type { Selection } from '../export/manifest.ts'
import type { ZipEntry } from '../export/zip.ts'
import type { KeyDirectory } from '../key-log.ts'
import { verifyingKey } from '../keys.ts'
import type { PublicKeys } from '../public-keys.ts'
import type { ChainProof } from './chains.ts'
import type { Finding } from './finding.ts'

const entry = 'anchors.cbor'

/** That entries of a chain up to one of them existed when it was anchored. */
export interface AnchorProof {
  /** Absent for the centre's seals. */
  readonly gateway: string | undefined
  readonly chain: string
  readonly seq: number
  /** Local day of the anchor, and when the centre says that it made it (Unix ms). */
  readonly day: string
  readonly madeMs: number
  /** When and by whom it was stamped, where roots were given to check that. */
  readonly stamped: { readonly timeMs: number; readonly authority: string } | undefined
}

/** The anchors of an export; what is wrong with them is reported. */
export async function readAnchors(
  entries: ReadonlyMap<string, ZipEntry>,
  {
    directory,
    trusted,
    roots,
  }: { directory: KeyDirectory; trusted: PublicKeys | undefined; roots: readonly X509Certificate[] },
  report: (finding: Finding) => void,
): Promise<AnchorCheck> {
  const known = trusted?.keys ?? directory.keys
  const keys = known.filter(({ owner }) => owner === 'centre').map(({ publicKey }) => verifyingKey(publicKey))
  const bytes = await entries.get(entry)?.read()
  let records: ReturnType<typeof decodeAnchorRecords> = []
  try {
    if (bytes !== undefined) records = decodeAnchorRecords(bytes)
  } catch (error) {
    report({ code: 'anchor', entry, detail: messageOf(error) })
  }
  const check = new AnchorCheck(records, { keys, roots })
  for (const detail of check.problems) report({ code: 'anchor', entry, detail })
  return check
}

/** Holds the anchors against the chains, when all entries have passed by; returns what they prove. */
export function judgeAnchors(
  check: AnchorCheck,
  { chains, selection }: { chains: readonly ChainProof[]; selection: Selection | undefined },
  report: (finding: Finding) => void,
): AnchorProof[] {
  const { from, to, site, point } = selection ?? {}
  const reachesEnd = [from, to, site, point].every((one) => one === undefined)
  const proofs: AnchorProof[] = []
  for (const { anchor, head, says, timestamp } of check.witnesses()) {
    const { chain, seq } = head
    const { day, madeMs } = anchor
    const gateway = head.kind === 'batches' ? head.owner : undefined
    const last = chains.find((one) => one.gateway === gateway && one.chain === chain)?.to ?? 0
    if (timestamp?.ok === false) report({ code: 'anchor', entry, detail: `${day}: ${timestamp.problem}` })
    if (says === 'rewritten') report({ code: 'anchor-contradicted', gateway, chain, seq, detail: day })
    if (says === 'silent' && reachesEnd && seq > last)
      report({ code: 'anchor-beyond', gateway, chain, seq: last + 1, toSeq: seq, detail: day })
    if (says === 'covered') proofs.push({ gateway, chain, seq, day, madeMs, stamped: stampOf(timestamp) })
  }
  return proofs
}

function stampOf(timestamp: Witness['timestamp']): AnchorProof['stamped'] {
  return timestamp?.ok ? { timeMs: timestamp.timeMs, authority: timestamp.authority } : undefined
}
