import {
  type BatchHeader,
  type CentreRecord,
  decodeBatch,
  decodeHeader,
  decodeLoss,
  decodeRecord,
  decodeSeries,
  isPlain,
  parseUpTopic,
  pointKey,
  type Series,
  seriesOf,
} from '@farwatch/model'
import { encode } from 'cborg'
import { type AnchorRecord, encodeAnchorRecords, recordOf, type WholeAnchor } from '../anchor/record.ts'
import { entryHash } from '../chain.ts'
import { ChainCover } from '../chain-cover.ts'
import { openSign1 } from '../cose.ts'
import { centreName, type KeyDirectory } from '../key-log.ts'
import type { SigningKey } from '../keys.ts'
import { inclusionProof, leafHash } from '../merkle.ts'
import { maxSealed, openSeal } from '../seal.ts'
import { ActParts } from './act-parts.ts'
import type { Item } from './items.ts'
import { type Manifest, type Selection, sha256, signManifest } from './manifest.ts'
import { Parts } from './parts.ts'
import { exportReadme } from './readme.ts'
import { rowsOf } from './rows.ts'
import { type Write, ZipWriter } from './zip.ts'

/** A record of the centre's journal; without payload where the disk does not give it back any more. */
export interface Original {
  readonly position: number
  readonly payload: Uint8Array | undefined
}

export interface ExportOptions {
  readonly selection: Selection
  readonly keys: KeyDirectory
  readonly centre: SigningKey
  readonly nowMs: number
  /** The centre's anchors as of before the first record is read. */
  readonly anchors?: AsyncIterable<WholeAnchor>
  /** Entries of the log of acts, in order: those that were done in the time of the selection are written. */
  readonly acts?: AsyncIterable<Original>
  /** Told every so many records. */
  readonly onProgress?: (position: number, counts: Manifest['counts']) => void
}

/** Links of a chain that wait for the next batch of the selection; the oldest go beyond that, and the manifest says so. */
const maxLinks = 20_000
/** Plain records that wait for their seal: of two seals, in case one is damaged. */
const maxUnsealed = 8 * maxSealed
const progressEvery = 10_000

/** What of one chain (of batches or of seals) has gone into the export. */
interface ChainState {
  /** Last sequence written; 0 before the first. */
  to: number
  first: number
  readonly skipped: [number, number][]
  links: { readonly seq: number; readonly item: Item }[]
  /** What has been seen, so that what the journal holds twice is written once. */
  readonly cover: ChainCover
}

/**
 * Writes an export: whole originals, or header, leaves and proofs where neighbours' data must stay out. Reads the records
 * once, in order, and holds one part of the export in memory.
 */
export class Exporter {
  readonly #options: ExportOptions
  readonly #zip: ZipWriter
  readonly #parts: Parts
  readonly #acts: ActParts
  readonly #entries: Manifest['entries'] = []
  readonly #chains = new Map<string, ChainState & { gateway: string; chain: string }>()
  readonly #seals = new Map<string, ChainState & { chain: string }>()
  #unsealed: { position: number; payload: Uint8Array; record: CentreRecord }[] = []
  readonly #counts = { batches: 0, readings: 0, plainRecords: 0, losses: 0, unsealed: 0, damaged: 0 }

  constructor(write: Write, options: ExportOptions) {
    this.#options = options
    this.#zip = new ZipWriter(write)
    this.#parts = new Parts((name, content) => this.#add(name, content))
    this.#acts = new ActParts((name, content) => this.#add(name, content))
  }

  /** @throws FarwatchError `export-too-large`; what the records or the writing throw. */
  async run(records: AsyncIterable<Original>): Promise<Manifest> {
    await this.#add('README.txt', Buffer.from(exportReadme))
    await this.#add('keys.cbor', encode([...this.#options.keys.entries]))
    let seen = 0
    for await (const { position, payload } of records) {
      if (payload === undefined) this.#counts.damaged++
      else await this.#take(position, payload)
      if (++seen % progressEvery === 0) this.#options.onProgress?.(position, this.#counts)
    }
    if (this.#isWhole) {
      for (const state of [...this.#chains.values(), ...this.#seals.values()]) await this.#writeLinks(state)
    }
    this.#counts.unsealed += this.#unsealed.length
    await this.#parts.flush()
    await this.#acts.add(this.#options.acts, (madeMs) => this.#inTime(madeMs))
    await this.#addAnchors()
    return this.#finish()
  }

  /** Whether nothing of a chain's end is left out, so that refused batches at its end are shown as links too. */
  get #isWhole(): boolean {
    const { from, to, site, point } = this.#options.selection
    return from === undefined && to === undefined && site === undefined && point === undefined
  }

  async #take(position: number, payload: Uint8Array): Promise<void> {
    const record = decodeRecord(payload)
    if (record.kind === 'batch') return this.#batch(position, record)
    if (record.kind === 'quarantine') return this.#refused(position, record)
    if (record.kind === 'loss') return this.#loss(position, record)
    if (record.kind === 'seal') return this.#seal(position, record)
    if (isPlain(record) && this.#options.selection.gateway === undefined) {
      this.#unsealed.push({ position, payload, record })
      if (this.#unsealed.length > maxUnsealed)
        this.#counts.unsealed += this.#unsealed.splice(0, maxSealed).length
    }
  }

  async #batch(position: number, { bytes, receivedMs }: CentreRecord & { kind: 'batch' }): Promise<void> {
    const message = decodeBatch(bytes)
    const header = decodeHeader(openSign1(message.sign1).payload)
    const { gateway, point, site } = this.#options.selection
    if (gateway !== undefined && header.gateway !== gateway) return
    const state = this.#chainOf(header)
    if (state.cover.add(placeOf(header, message.sign1)) === 'repeated') return
    const all = message.series.map(decodeSeries)
    const wanted = this.#inTime(header.madeMs)
      ? all.filter(
          (series) => (point === undefined || series.point === point) && isOfSite(series.point, site),
        )
      : []
    const link: Item = [1, position, receivedMs, message.sign1, []]
    if (wanted.length === 0) return this.#addLink(state, header.seq, link)
    await this.#writeLinks(state)
    const shown = point === undefined ? all : wanted
    const leafOf = (series: Series): [number, Uint8Array, Uint8Array[]] => {
      const index = all.indexOf(series)
      return [index, message.series[index]!, inclusionProof(message.series, index)]
    }
    const item: Item =
      point === undefined
        ? [0, position, receivedMs, bytes]
        : [1, position, receivedMs, message.sign1, wanted.map(leafOf)]
    const source = `${header.gateway}/${header.chain}/${header.seq}`
    const rows = shown.flatMap((series) => rowsOf(series, { source, receivedMs }))
    await this.#write(state, { seq: header.seq, item, rows })
    this.#counts.batches++
    this.#counts.readings += rows.length
  }

  /** A batch that was refused for a point of another's has its place in the chain all the same: its header is a link. */
  async #refused(position: number, record: CentreRecord & { kind: 'quarantine' }): Promise<void> {
    if (parseUpTopic(record.topic)?.kind !== 'batch' || !record.reason.startsWith('foreign-point:')) return
    const { sign1 } = decodeBatch(record.bytes)
    const header = decodeHeader(openSign1(sign1).payload)
    const { gateway } = this.#options.selection
    if (gateway !== undefined && header.gateway !== gateway) return
    const state = this.#chainOf(header)
    if (state.cover.add(placeOf(header, sign1)) === 'repeated') return
    this.#addLink(state, header.seq, [1, position, record.receivedMs, sign1, []])
  }

  async #loss(
    position: number,
    { gateway, receivedMs, bytes }: CentreRecord & { kind: 'loss' },
  ): Promise<void> {
    const { selection } = this.#options
    if (selection.gateway !== undefined && gateway !== selection.gateway) return
    decodeLoss(openSign1(bytes).payload)
    await this.#parts.add([4, position, receivedMs, bytes], [])
    this.#counts.losses++
  }

  async #seal(position: number, { bytes }: CentreRecord & { kind: 'seal' }): Promise<void> {
    if (this.#options.selection.gateway !== undefined) return
    const { body } = openSeal(bytes)
    const state = this.#sealsOf(body.chain)
    const under = this.#unsealed.filter(({ position }) => position >= body.from && position <= body.to)
    const before = this.#unsealed.filter(({ position }) => position < body.from).length
    this.#counts.unsealed += before
    this.#unsealed = this.#unsealed.filter(({ position }) => position > body.to)
    const wanted = under.filter(({ record }) => this.#wants(record))
    if (wanted.length === 0) return this.#addLink(state, body.seq, [3, position, bytes, []])
    await this.#writeLinks(state)
    const payloads = under.map(({ payload }) => payload)
    const indexOf = new Map(under.map((one, index) => [one, index]))
    const someOf = (one: (typeof under)[number]): [number, Uint8Array, Uint8Array[]] => {
      const index = indexOf.get(one)!
      return [index, one.payload, inclusionProof(payloads, index)]
    }
    const item: Item =
      wanted.length === under.length
        ? [2, position, bytes, payloads, Buffer.concat(payloads.map(leafHash))]
        : [3, position, bytes, wanted.map(someOf)]
    const rows = wanted.flatMap((one) => {
      const source = `seal/${body.chain}/${body.seq}#${indexOf.get(one)}`
      return seriesOf(one.record).flatMap((series) =>
        rowsOf(series, { source, receivedMs: one.record.receivedMs }),
      )
    })
    await this.#write(state, { seq: body.seq, item, rows })
    this.#counts.plainRecords += wanted.length
    this.#counts.readings += rows.length
  }

  #wants(record: CentreRecord): boolean {
    const { site, point } = this.#options.selection
    if (!this.#inTime(record.receivedMs)) return false
    if (record.kind !== 'telemetry') return site === undefined && point === undefined
    if (site !== undefined && record.site !== site) return false
    return point === undefined || seriesOf(record).some((series) => series.point === point)
  }

  #inTime(timeMs: number): boolean {
    const { from, to } = this.#options.selection
    return (from === undefined || timeMs >= Date.parse(from)) && (to === undefined || timeMs < Date.parse(to))
  }

  #chainOf({ gateway, chain }: { gateway: string; chain: string }) {
    const key = `${gateway} ${chain}`
    const state = this.#chains.get(key) ?? { gateway, chain, ...noState() }
    this.#chains.set(key, state)
    return state
  }

  #sealsOf(chain: string) {
    const state = this.#seals.get(chain) ?? { chain, ...noState() }
    this.#seals.set(chain, state)
    return state
  }

  /** Outside the selection: shown only if something of the selection follows in the same chain. */
  #addLink(state: ChainState, seq: number, item: Item): void {
    if (state.first === 0 && !this.#isWhole) return
    state.links.push({ seq, item })
    if (state.links.length <= maxLinks) return
    const dropped = state.links.splice(0, maxLinks / 2).map((link) => link.seq)
    for (const one of dropped.sort((a, b) => a - b)) {
      const last = state.skipped.at(-1)
      if (last !== undefined && last[1] === one - 1) last[1] = one
      else state.skipped.push([one, one])
    }
  }

  async #writeLinks(state: ChainState): Promise<void> {
    const { links } = state
    state.links = []
    for (const { seq, item } of links) await this.#write(state, { seq, item, rows: [] })
  }

  async #write(
    state: ChainState,
    { seq, item, rows }: { seq: number; item: Item; rows: Parameters<Parts['add']>[1] },
  ): Promise<void> {
    state.first = state.first === 0 ? seq : Math.min(state.first, seq)
    state.to = Math.max(state.to, seq)
    await this.#parts.add(item, rows)
  }

  async #add(name: string, content: Uint8Array): Promise<void> {
    await this.#zip.add(name, content)
    this.#entries.push({ name, bytes: content.length, sha256: sha256(content).toString('hex') })
  }

  /** What the anchors say of the chains that are shown; nothing of the others. */
  async #addAnchors(): Promise<void> {
    const shown = new Set<string>()
    for (const { gateway, chain, first } of this.#chains.values())
      if (first > 0) shown.add(`batches ${gateway} ${chain}`)
    for (const { chain, first } of this.#seals.values())
      if (first > 0) shown.add(`seals ${centreName} ${chain}`)
    if (this.#acts.range !== undefined) shown.add(`acts ${centreName} ${this.#acts.range.chain}`)
    const records: AnchorRecord[] = []
    for await (const anchor of this.#options.anchors ?? []) {
      const record = recordOf(anchor, ({ kind, owner, chain }) => shown.has(`${kind} ${owner} ${chain}`))
      if (record !== undefined) records.push(record)
    }
    if (records.length > 0) await this.#add('anchors.cbor', encodeAnchorRecords(records))
  }

  async #finish(): Promise<Manifest> {
    const { selection, centre, nowMs } = this.#options
    const shown = ({ first }: ChainState) => first > 0
    const range = ({ first, to, skipped }: ChainState) => ({ from: first, to, skipped })
    const manifest: Manifest = {
      ...({ v: 1, kind: 'farwatch-export' } as const),
      selection,
      madeAt: new Date(nowMs).toISOString(),
      centre: centre.keyId,
      counts: this.#counts,
      chains: [...this.#chains.values()]
        .filter(shown)
        .map((state) => ({ gateway: state.gateway, chain: state.chain, ...range(state) })),
      seals: [...this.#seals.values()]
        .filter(shown)
        .map((state) => ({ chain: state.chain, ...range(state) })),
      ...(this.#acts.range === undefined ? {} : { acts: this.#acts.range }),
      entries: [...this.#entries],
    }
    const bytes = Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`)
    await this.#zip.add('manifest.json', bytes)
    await this.#zip.add('manifest.cose', signManifest(bytes, centre))
    await this.#zip.finish()
    return manifest
  }
}

function placeOf({ seq, prev }: BatchHeader, sign1: Uint8Array) {
  return { from: seq, to: seq, prev, last: entryHash(sign1) }
}

function noState(): ChainState {
  return { to: 0, first: 0, skipped: [], links: [], cover: new ChainCover() }
}

function isOfSite(point: string, site: string | undefined): boolean {
  return site === undefined || point.startsWith(pointKey(site, '', '').slice(0, -1))
}
