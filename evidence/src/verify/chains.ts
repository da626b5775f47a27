import type { LossDeclaration } from '@farwatch/model'
import type { AnchorCheck } from '../anchor/record.ts'
import { noHash } from '../batch.ts'
import { ChainCover, type Stretch } from '../chain-cover.ts'
import type { Manifest } from '../export/manifest.ts'
import { centreName } from '../key-log.ts'
import type { Finding } from './finding.ts'

type Range = readonly [from: number, to: number]

/** What an export proves of one chain of batches, or (without `gateway`) of seals. */
export interface ChainProof {
  readonly gateway: string | undefined
  readonly chain: string
  readonly from: number
  readonly to: number
  /** Whether nothing is missing between. */
  readonly whole: boolean
  /** Whether the first entry is the first of the chain. */
  readonly fromBeginning: boolean
  /** Lost, by the gateway's own signed word. */
  readonly declared: readonly Range[]
  /** Not in the selection, by the manifest. */
  readonly skipped: readonly Range[]
}

interface State {
  readonly gateway: string | undefined
  readonly chain: string
  readonly cover: ChainCover
  position: number
}

/** Every chain of an export, as its entries come by. */
export class Chains {
  readonly #states = new Map<string, State>()
  readonly #losses: LossDeclaration[] = []
  readonly #anchors: AnchorCheck

  constructor(anchors: AnchorCheck) {
    this.#anchors = anchors
  }

  /** Takes in an entry that is signed; returns what is wrong with its place. */
  add(
    { gateway, chain, position }: { gateway: string | undefined; chain: string; position: number },
    stretch: Stretch,
  ): ('repeated' | 'broken-chain' | 'order')[] {
    const { from: seq, prev, last: hash } = stretch
    const head =
      gateway === undefined
        ? { kind: 'seals' as const, owner: centreName, chain }
        : { kind: 'batches' as const, owner: gateway, chain }
    if (prev !== undefined && hash !== undefined) this.#anchors.see(head, { seq, prev, hash })
    const key = keyOf(gateway, chain)
    const state = this.#states.get(key) ?? { gateway, chain, cover: new ChainCover(), position: 0 }
    this.#states.set(key, state)
    const wrong: ('repeated' | 'broken-chain' | 'order')[] = []
    const place = state.cover.add(stretch)
    if (place === 'repeated') wrong.push('repeated')
    const noFirst =
      stretch.from === 1 && stretch.prev !== undefined && Buffer.compare(stretch.prev, noHash) !== 0
    if (place === 'broken' || noFirst) wrong.push('broken-chain')
    if (position <= state.position) wrong.push('order')
    state.position = Math.max(state.position, position)
    return wrong
  }

  /** A gateway has declared a loss. */
  declare(loss: LossDeclaration): void {
    this.#losses.push(loss)
  }

  /** Holes that nobody has declared, and where the chains are not those of the manifest. */
  finish(manifest: Manifest | undefined): { findings: Finding[]; proofs: ChainProof[] } {
    const findings: Finding[] = []
    const stated = new Map(
      [
        ...(manifest?.chains ?? []),
        ...(manifest?.seals ?? []).map((seal) => ({ ...seal, gateway: undefined })),
      ].map((one) => [keyOf(one.gateway, one.chain), one]),
    )
    for (const [key, { gateway, chain, from, to }] of stated) {
      if (!this.#states.has(key)) findings.push({ code: 'chain-cut', gateway, chain, seq: from, toSeq: to })
    }
    const proofs: ChainProof[] = []
    for (const [key, state] of this.#states) {
      const { gateway, chain } = state
      const said = stated.get(key)
      const declared = this.#fillDeclared(state, findings)
      const first = state.cover.stretches[0]!.from
      const last = state.cover.stretches.at(-1)!.to
      const skipped = said?.skipped ?? []
      const holes = state.cover.holes.filter((hole) => !covered(hole, skipped))
      for (const { from, to } of holes) findings.push({ code: 'hole', gateway, chain, seq: from, toSeq: to })
      const end = (code: 'chain-cut' | 'chain-added', from: number, to: number) =>
        findings.push({ code, gateway, chain, seq: from, toSeq: to })
      if (said === undefined && manifest !== undefined) end('chain-added', first, last)
      if (said !== undefined && said.from < first) end('chain-cut', said.from, first - 1)
      if (said !== undefined && said.to > last) end('chain-cut', last + 1, said.to)
      if (said !== undefined && said.from > first) end('chain-added', first, said.from - 1)
      if (said !== undefined && said.to < last) end('chain-added', said.to + 1, last)
      const whole = state.cover.holes.length === 0
      const fromBeginning = first === 1
      proofs.push({ gateway, chain, from: first, to: last, whole, fromBeginning, declared, skipped })
    }
    return { findings, proofs }
  }

  /** Puts declared losses where batches are missing. */
  #fillDeclared({ gateway, chain, cover }: State, findings: Finding[]): Range[] {
    const declared: Range[] = []
    for (const loss of this.#losses) {
      if (loss.gateway !== gateway || loss.chain !== chain) continue
      for (const hole of [...cover.holes]) {
        const [from, to] = [Math.max(hole.from, loss.from), Math.min(hole.to, loss.to)]
        if (from > to) continue
        const prev = from === loss.from ? loss.prev : undefined
        const last = to === loss.to ? loss.last : undefined
        if (cover.add({ from, to, prev, last }) === 'broken')
          findings.push({ code: 'broken-chain', gateway, chain, seq: from, toSeq: to })
        declared.push([from, to])
      }
    }
    return declared
  }
}

function covered({ from, to }: { from: number; to: number }, ranges: readonly Range[]): boolean {
  let at = from
  for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0]))
    if (first <= at && last >= at) at = last + 1
  return at > to
}

function keyOf(gateway: string | undefined, chain: string): string {
  return `${gateway ?? ''} ${chain}`
}
