import {
  type BatchHeader,
  decodeBatch,
  decodeHeader,
  decodeLoss,
  decodeRecord,
  decodeSeries,
  isPlain,
  type LossDeclaration,
  seriesOf,
} from '@farwatch/model'
import { batchHash } from '../batch.ts'
import { openSign1, type Sign1 } from '../cose.ts'
import { readFrames } from '../export/frames.ts'
import { decodeItem, type Item } from '../export/items.ts'
import { lineOf, type Row, rowsOf } from '../export/rows.ts'
import { leafHash, merkleRoot, rootFromProof, rootOfHashes } from '../merkle.ts'
import { openSeal, type Seal } from '../seal.ts'
import type { Chains } from './chains.ts'
import type { Finding, Place } from './finding.ts'
import type { KeyRing } from './key-ring.ts'
import { ReadingsFile, readingOf } from './readings.ts'
import { alterations, leafOfRows, signedLeaves, tryDecode } from './repair.ts'

export interface Counts {
  batches: number
  /** Batches of which only the header is here: outside the selection, or refused by the centre when they came. */
  links: number
  readings: number
  plainRecords: number
  losses: number
}

export interface PartDeps {
  readonly keys: KeyRing
  readonly chains: Chains
  readonly counts: Counts
  readonly report: (finding: Finding) => void
}

/** What stands at the beginning of an item, whatever is wrong with the rest. */
interface At {
  readonly offset: number
  readonly position: number
}

/** Checks one part of an export: its originals, and its readings against them. Holds no more than the part. */
export class PartCheck {
  readonly #deps: PartDeps
  readonly #entry: string
  readonly #file: ReadingsFile
  readonly #expected: Row[] = []
  /** Sources of which something is wrong that was said already. */
  readonly #told = new Set<string>()
  #findings = 0

  constructor(names: { evidence: string; readings: string }, readings: string, deps: PartDeps) {
    this.#deps = deps
    this.#entry = names.evidence
    this.#file = new ReadingsFile(names.readings, readings)
  }

  /** Reports what is wrong and returns how much that was. */
  run(evidence: Buffer): number {
    for (const { offset, payload, intact } of readFrames(evidence)) {
      const before = this.#findings
      const place = this.#item(payload, offset)
      if (!intact && this.#findings === before) this.#report({ code: 'damaged-frame', offset, ...place })
    }
    for (const finding of this.#file.compare(this.#expected, this.#told)) {
      this.#findings++
      this.#deps.report(finding)
    }
    return this.#findings
  }

  #report(finding: Omit<Finding, 'entry'>): void {
    this.#findings++
    this.#deps.report({ ...finding, entry: this.#entry })
  }

  #item(payload: Uint8Array, offset: number): Place | undefined {
    let item: Item
    try {
      item = decodeItem(payload)
    } catch {
      this.#report({ code: 'unreadable', offset })
      return undefined
    }
    const at = { offset, position: item[1] }
    switch (item[0]) {
      case 0:
        return this.#batch(at, item)
      case 1:
        return this.#leaves(at, item)
      case 2:
        return this.#sealed(at, item)
      case 3:
        return this.#someSealed(at, item)
      case 4:
        return this.#loss(at, item)
    }
  }

  #batch(at: At, [, , receivedMs, bytes]: Item & [0, ...unknown[]]): Place | undefined {
    let message: ReturnType<typeof decodeBatch>
    try {
      message = decodeBatch(bytes)
    } catch {
      this.#report({ code: 'unreadable', offset: at.offset })
      return undefined
    }
    const header = this.#header(at, { sign1: message.sign1, receivedMs })
    if (header === undefined) return undefined
    const place = placeOf(header)
    const source = sourceOf(header)
    let leaves: readonly Uint8Array[] = message.series
    if (Buffer.compare(merkleRoot(leaves), header.root) !== 0) {
      const signed = signedLeaves(leaves, this.#file.of(source), header.root)
      if (signed === undefined) {
        this.#told.add(source)
        this.#report({ code: 'altered-batch', ...place, ...this.#firstDifference(source, leaves) })
        return place
      }
      for (const [i, leaf] of signed.entries()) {
        if (leaf === leaves[i]) continue
        for (const finding of alterations(leaves[i]!, leaf, { source, place })) this.#report(finding)
      }
      leaves = signed
    }
    this.#expect(leaves.flatMap((leaf) => rowsOf(decodeSeries(leaf), { source, receivedMs })))
    this.#deps.counts.batches++
    return place
  }

  /** Where an altered batch and its readings first differ: the likely place. */
  #firstDifference(source: string, leaves: readonly Uint8Array[]): Pick<Finding, 'point' | 'time'> {
    const rows = leaves.flatMap((leaf) => {
      const series = tryDecode(leaf)
      return series === undefined ? [] : rowsOf(series, { source, receivedMs: 0 })
    })
    const told = this.#file.of(source)
    const content = ({ received: _, ...row }: Row) => lineOf({ ...row, received: '' })
    const known = new Set(told.map(content))
    const row = rows.find((one) => !known.has(content(one))) ?? told[rows.length]
    return row === undefined ? {} : { point: row.point, time: row.time }
  }

  #leaves(at: At, [, , receivedMs, sign1, leaves]: Item & [1, ...unknown[]]): Place | undefined {
    const header = this.#header(at, { sign1, receivedMs })
    if (header === undefined) return undefined
    const place = placeOf(header)
    const source = sourceOf(header)
    for (const [index, leaf, proof] of leaves) {
      const proves = (one: Uint8Array | undefined) => {
        const root = one && rootFromProof(one, { index, size: header.series, proof })
        return root !== undefined && Buffer.compare(root, header.root) === 0
      }
      const series = tryDecode(leaf)
      if (proves(leaf)) {
        this.#expect(series === undefined ? [] : rowsOf(series, { source, receivedMs }))
        continue
      }
      const signed = leafOfRows(this.#file.of(source))
      if (signed !== undefined && proves(signed)) {
        for (const finding of alterations(leaf, signed, { source, place })) this.#report(finding)
        this.#expect(rowsOf(decodeSeries(signed), { source, receivedMs }))
        continue
      }
      this.#told.add(source)
      const same = signed !== undefined && Buffer.compare(signed, leaf) === 0
      const point = series?.point ?? this.#file.of(source)[0]?.point
      this.#report({ code: same ? 'bad-proof' : 'altered-series', ...place, point })
    }
    this.#deps.counts[leaves.length > 0 ? 'batches' : 'links']++
    return place
  }

  /** A batch's header, if a key that stands has signed it; then it takes its place in its chain. */
  #header(at: At, { sign1, receivedMs }: { sign1: Uint8Array; receivedMs: number }): BatchHeader | undefined {
    let signed: Sign1
    let header: BatchHeader
    try {
      signed = openSign1(sign1)
      header = decodeHeader(signed.payload)
    } catch {
      this.#report({ code: 'unreadable', offset: at.offset })
      return undefined
    }
    const { gateway, chain, seq, prev } = header
    const place = placeOf(header)
    const problem = this.#deps.keys.check(
      signed,
      { owner: 'gateway', name: gateway },
      { receivedMs, chain, seq },
    )
    if (problem !== undefined) {
      this.#told.add(sourceOf(header))
      this.#report({ ...problem, ...place, offset: at.offset })
      return undefined
    }
    const stretch = { from: seq, to: seq, prev, last: batchHash({ sign1, series: [] }) }
    const wrong = this.#deps.chains.add({ gateway, chain, position: at.position }, stretch)
    for (const code of wrong) this.#report({ code, ...place, offset: at.offset })
    if (!wrong.includes('repeated')) return header
    this.#told.add(sourceOf(header))
    return undefined
  }

  #seal(at: At, sign1: Uint8Array): Seal | undefined {
    let entry: ReturnType<typeof openSeal>
    try {
      entry = openSeal(sign1)
    } catch {
      this.#report({ code: 'unreadable', offset: at.offset })
      return undefined
    }
    const { body, signed, hash } = entry
    const place = { chain: body.chain, seq: body.seq }
    const problem = this.#deps.keys.check(signed, { owner: 'centre' })
    if (problem !== undefined) {
      this.#report({ ...problem, ...place, offset: at.offset })
      return undefined
    }
    const stretch = { from: body.seq, to: body.seq, prev: body.prev, last: hash }
    const wrong = this.#deps.chains.add(
      { gateway: undefined, chain: body.chain, position: at.position },
      stretch,
    )
    for (const code of wrong) this.#report({ code, ...place, offset: at.offset })
    return wrong.includes('repeated') ? undefined : body
  }

  #sealed(at: At, [, , sign1, records, given]: Item & [2, ...unknown[]]): Place | undefined {
    const seal = this.#seal(at, sign1)
    if (seal === undefined) return undefined
    const place = { chain: seal.chain, seq: seal.seq }
    const isRoot = (hashes: readonly Uint8Array[]) =>
      hashes.length === seal.count &&
      hashes.every(({ length }) => length === 32) &&
      Buffer.compare(rootOfHashes(hashes), seal.root) === 0
    const computed = records.map(leafHash)
    const hashes = Array.from({ length: Math.ceil(given.length / 32) }, (_, i) =>
      given.subarray(i * 32, i * 32 + 32),
    )
    const whole = isRoot(computed)
    if (!whole && !(isRoot(hashes) && records.length === seal.count)) {
      for (const index of records.keys()) this.#told.add(`seal/${seal.chain}/${seal.seq}#${index}`)
      this.#report({ code: 'altered-seal', ...place, offset: at.offset })
      return place
    }
    for (const [index, record] of records.entries()) {
      const good = whole || Buffer.compare(computed[index]!, hashes[index]!) === 0
      this.#record(record, { seal, index, good })
    }
    // The hashes beside the records are a help for finding damage, but what stands there must be right as well.
    if (whole && !isRoot(hashes)) this.#report({ code: 'damaged-frame', ...place, offset: at.offset })
    return place
  }

  #someSealed(at: At, [, , sign1, records]: Item & [3, ...unknown[]]): Place | undefined {
    const seal = this.#seal(at, sign1)
    if (seal === undefined) return undefined
    for (const [index, record, proof] of records) {
      const root = rootFromProof(record, { index, size: seal.count, proof })
      const good = root !== undefined && Buffer.compare(root, seal.root) === 0
      this.#record(record, { seal, index, good })
    }
    return { chain: seal.chain, seq: seal.seq }
  }

  #record(payload: Uint8Array, { seal, index, good }: { seal: Seal; index: number; good: boolean }): void {
    const source = `seal/${seal.chain}/${seal.seq}#${index}`
    const place = { chain: seal.chain, seq: seal.seq, index }
    const rows = rowsOfRecord(payload, source)
    if (good) {
      this.#deps.counts.plainRecords++
      this.#expect(rows ?? [])
      return
    }
    this.#told.add(source)
    const told = this.#file.of(source)
    const same = rows !== undefined && rows.map(lineOf).join() === told.map(lineOf).join()
    const differing = told.filter((row, i) => rows?.[i] === undefined || lineOf(rows[i]) !== lineOf(row))
    if (same || differing.length === 0) {
      this.#report({ code: same && told.length > 0 ? 'bad-proof' : 'altered-record', ...place })
      return
    }
    for (const row of differing) {
      const found = rows?.find(({ point }) => point === row.point)
      const value = found !== undefined && found.value !== row.value
      this.#report({
        ...readingOf(row),
        ...(value
          ? { code: 'altered-reading', field: 'value', found: found.value, expected: row.value }
          : { code: 'altered-record' }),
      })
    }
  }

  #loss(at: At, [, , receivedMs, bytes]: Item & [4, ...unknown[]]): Place | undefined {
    let signed: Sign1
    let loss: LossDeclaration
    try {
      signed = openSign1(bytes)
      loss = decodeLoss(signed.payload)
    } catch {
      this.#report({ code: 'unreadable', offset: at.offset })
      return undefined
    }
    const { gateway, chain, from, to } = loss
    const place = { gateway, chain, seq: from, toSeq: to }
    const problem = this.#deps.keys.check(
      signed,
      { owner: 'gateway', name: gateway },
      { receivedMs, chain, seq: to },
    )
    if (problem !== undefined) this.#report({ ...problem, ...place, offset: at.offset })
    else this.#deps.chains.declare(loss)
    this.#deps.counts.losses++
    return place
  }

  #expect(rows: readonly Row[]): void {
    this.#expected.push(...rows)
    this.#deps.counts.readings += rows.length
  }
}

function rowsOfRecord(payload: Uint8Array, source: string): Row[] | undefined {
  try {
    const record = decodeRecord(payload)
    if (!isPlain(record)) return undefined
    return seriesOf(record).flatMap((series) => rowsOf(series, { source, receivedMs: record.receivedMs }))
  } catch {
    return undefined
  }
}

function placeOf({ gateway, chain, seq }: BatchHeader): Place {
  return { gateway, chain, seq }
}

function sourceOf({ gateway, chain, seq }: BatchHeader): string {
  return `${gateway}/${chain}/${seq}`
}
