import type { ActFault } from './acts.ts'

/** What can be wrong with an export. */
export type FindingCode =
  | `act-${ActFault}`
  /** An act as people read it is not the one that was signed. */
  | 'act-line'
  | 'act-line-missing'
  /** The ZIP around the files is not as written. */
  | 'container'
  | 'entry-missing'
  | 'entry-added'
  | 'entry-changed'
  | 'manifest'
  | 'manifest-signature'
  | 'manifest-counts'
  | 'key-log'
  | 'unknown-key'
  | 'revoked-key'
  | 'retired-key'
  /** The signature does not match what it is said to sign. */
  | 'signature'
  | 'altered-reading'
  | 'altered-series'
  | 'altered-batch'
  | 'altered-record'
  | 'altered-seal'
  | 'bad-proof'
  /** Bytes around an item that is itself sound. */
  | 'damaged-frame'
  | 'unreadable'
  | 'broken-chain'
  | 'repeated'
  | 'order'
  | 'hole'
  | 'chain-cut'
  | 'chain-added'
  /** An anchor itself, or its timestamp, is not sound. */
  | 'anchor'
  /** The anchored entry was another one. */
  | 'anchor-contradicted'
  /** The chain was longer when it was anchored. */
  | 'anchor-beyond'
  | 'csv-value'
  | 'csv-missing'
  | 'csv-added'
  | 'csv-repeated'
  | 'csv-order'
  | 'csv-form'

/** Where something is: as much of it as is known. */
export interface Finding {
  readonly code: FindingCode
  readonly entry?: string | undefined
  /** Byte within the entry, or within the file for `container`. */
  readonly offset?: number | undefined
  /** Line within the entry, 1 for the first. */
  readonly line?: number | undefined
  /** Absent for the centre's seals. */
  readonly gateway?: string | undefined
  readonly chain?: string | undefined
  readonly seq?: number | undefined
  /** Last of a range that begins with `seq`. */
  readonly toSeq?: number | undefined
  /** Index of a record under a seal. */
  readonly index?: number | undefined
  readonly point?: string | undefined
  /** Of the reading: ISO 8601, UTC. */
  readonly time?: string | undefined
  readonly field?: string | undefined
  /** What the file says, and what it should say. */
  readonly found?: string | undefined
  readonly expected?: string | undefined
  readonly detail?: string | undefined
}

/** A batch or a seal of a chain; without `gateway`, a seal of the centre. */
export type Place = Pick<Finding, 'gateway' | 'chain' | 'seq' | 'index'>

/** The place that a row's `source` names; as much as can be read of it. */
export function placeOfSource(source: string): Place {
  const [gateway, chain, number] = source.split('/')
  const [seq, index] = (number ?? '').split('#').map(Number)
  const place = { chain, ...(Number.isInteger(seq) && seq! > 0 ? { seq } : {}) }
  if (gateway !== 'seal') return { gateway, ...place }
  return index === undefined ? place : { ...place, index }
}
