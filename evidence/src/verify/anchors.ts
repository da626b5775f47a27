import type { X509Certificate } from 'node:crypto'
import { messageOf } from '@farwatch/model'
import { AnchorCheck, decodeAnchorRecords, type WholeAnchor, type Witness } from '../anchor/record.ts'
import type { Selection } from '../export/manifest.ts'
import type { ZipEntry } from '../export/zip.ts'
import { verifyingKey } from '../keys.ts'
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

/** What somebody outside has kept, to be held against an export. */
export interface Outside {
  /** Roots of timestamp authorities that are believed. */
  readonly roots?: readonly X509Certificate[]
  /** Anchors that reached this person before. */
  readonly anchors?: AsyncIterable<WholeAnchor>
}

/** The anchors of an export and those from outside; what is wrong with them is reported. */
export async function readAnchors(
  entries: ReadonlyMap<string, ZipEntry>,
  {
    known,
    outside: { roots = [], anchors },
  }: { known: readonly { owner: string; publicKey: string }[]; outside: Outside },
  report: (finding: Finding) => void,
): Promise<AnchorCheck> {
  const keys = known.filter(({ owner }) => owner === 'centre').map(({ publicKey }) => verifyingKey(publicKey))
  const check = new AnchorCheck({ keys, roots })
  for await (const anchor of anchors ?? []) {
    for (const detail of check.addWhole(anchor))
      report({ code: 'anchor', entry: 'an anchor of yours', detail })
  }
  const bytes = await entries.get(entry)?.read()
  if (bytes === undefined) return check
  try {
    for (const record of decodeAnchorRecords(bytes))
      for (const detail of check.add(record)) report({ code: 'anchor', entry, detail })
  } catch (error) {
    report({ code: 'anchor', entry, detail: messageOf(error) })
  }
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
    const shown = chains.find((one) => one.gateway === gateway && one.chain === chain)
    // Of a chain that is not in the export nothing is told either way.
    if (shown === undefined) continue
    if (timestamp?.ok === false) report({ code: 'anchor', entry, detail: `${day}: ${timestamp.problem}` })
    if (says === 'rewritten') report({ code: 'anchor-contradicted', gateway, chain, seq, detail: day })
    if (says === 'silent' && reachesEnd && seq > shown.to)
      report({ code: 'anchor-beyond', gateway, chain, seq: shown.to + 1, toSeq: seq, detail: day })
    if (says === 'covered') proofs.push({ gateway, chain, seq, day, madeMs, stamped: stampOf(timestamp) })
  }
  return proofs
}

function stampOf(timestamp: Witness['timestamp']): AnchorProof['stamped'] {
  return timestamp?.ok ? { timeMs: timestamp.timeMs, authority: timestamp.authority } : undefined
}
