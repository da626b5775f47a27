import { isBitTable, type Table } from './address.ts'

/** At most this many registers (0x7D) or bits (0x7D0) in one reply: Modbus Application Protocol V1.1b3, 6.1–6.4. */
export const maxRegisters = 125
export const maxBits = 2_000

/** A stretch of a table that belongs together: one value, which no request may cut. */
export interface Span {
  readonly unit: number
  readonly table: Table
  readonly start: number
  readonly count: number
}

/** One request, and what it answers, ascending. */
export interface Block<T extends Span> extends Span {
  readonly spans: readonly T[]
}

/**
 * The fewest requests that read all spans: neighbours of one unit and table are read together, up to the protocol's
 * bound. `maxGap` unmapped registers or bits may be read between neighbours; 0 unless the device is known to allow it.
 */
export function plan<T extends Span>(spans: readonly T[], maxGap = 0): Block<T>[] {
  const blocks: Block<T>[] = []
  const ascending = [...spans].sort(
    (a, b) => a.unit - b.unit || a.table.localeCompare(b.table) || a.start - b.start || a.count - b.count,
  )
  let open: T[] = []
  for (const span of ascending) {
    if (open.length > 0 && !fits(open, span, maxGap)) {
      blocks.push(blockOf(open))
      open = []
    }
    open.push(span)
  }
  if (open.length > 0) blocks.push(blockOf(open))
  return blocks
}

/** Two halves of a block that the device refused as a whole; undefined where it is one value, which cannot be split. */
export function split<T extends Span>(block: Block<T>): [Block<T>, Block<T>] | undefined {
  const same = (span: T) => span.start === block.spans[0]!.start && span.count === block.spans[0]!.count
  if (block.spans.every(same)) return undefined
  // Points on one and the same place stay together, so that every half is really smaller.
  let middle = Math.ceil(block.spans.length / 2)
  const boundary = (i: number) =>
    i > 0 &&
    i < block.spans.length &&
    (block.spans[i]!.start !== block.spans[i - 1]!.start ||
      block.spans[i]!.count !== block.spans[i - 1]!.count)
  while (middle < block.spans.length && !boundary(middle)) middle++
  if (!boundary(middle)) for (middle = block.spans.length - 1; !boundary(middle); ) middle--
  return [blockOf(block.spans.slice(0, middle)), blockOf(block.spans.slice(middle))]
}

function fits<T extends Span>(open: readonly T[], next: T, maxGap: number): boolean {
  const { unit, table, start } = open[0]!
  const end = endOf(open)
  const size = Math.max(end, next.start + next.count) - start
  return (
    next.unit === unit &&
    next.table === table &&
    next.start <= end + maxGap &&
    size <= (isBitTable(table) ? maxBits : maxRegisters)
  )
}

function blockOf<T extends Span>(spans: readonly T[]): Block<T> {
  const { unit, table, start } = spans[0]!
  return { unit, table, start, count: endOf(spans) - start, spans }
}

function endOf(spans: readonly Span[]): number {
  return spans.reduce((end, span) => Math.max(end, span.start + span.count), 0)
}
