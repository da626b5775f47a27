import { decodeSeries, encodeSeries, type Series } from '@farwatch/model'
import { type Row, rowFields, rowsOf, seriesOfRows } from '../export/rows.ts'
import { leafHash, rootOfHashes } from '../merkle.ts'
import type { Finding, Place } from './finding.ts'
import { readingOf } from './readings.ts'

/** So many leaves may differ from the readings file until nobody tells any more which of the two is as signed. */
const maxDoubtful = 10

/**
 * The leaves as they were signed, for a batch whose leaves do not lead to its root: where a leaf differs from the readings
 * file, one of the two must be what was signed. Undefined where no choice leads to the root.
 */
export function signedLeaves(
  leaves: readonly Uint8Array[],
  rows: readonly Row[],
  root: Uint8Array,
): Uint8Array[] | undefined {
  const told = leavesOfRows(rows)
  if (told.length !== leaves.length) return undefined
  const doubtful = [...leaves.keys()].filter((i) => Buffer.compare(leaves[i]!, told[i]!) !== 0)
  if (doubtful.length > maxDoubtful && !leads(told, root)) return undefined
  if (doubtful.length > maxDoubtful) return told
  const hashes = [leaves.map(leafHash), told.map(leafHash)] as const
  for (let choice = 2 ** doubtful.length - 1; choice > 0; choice--) {
    const fromRows = new Set(doubtful.filter((_, bit) => (choice >> bit) & 1))
    const chosen = leaves.map((_, i) => hashes[fromRows.has(i) ? 1 : 0][i]!)
    if (Buffer.compare(rootOfHashes(chosen), root) === 0)
      return leaves.map((leaf, i) => (fromRows.has(i) ? told[i]! : leaf))
  }
  return undefined
}

function leads(leaves: readonly Uint8Array[], root: Uint8Array): boolean {
  return Buffer.compare(rootOfHashes(leaves.map(leafHash)), root) === 0
}

/** The leaves that rows of one batch were written from, in order of their points. */
function leavesOfRows(rows: readonly Row[]): Uint8Array[] {
  const byPoint = new Map<string, Row[]>()
  for (const row of rows) {
    const same = byPoint.get(row.point)
    if (same) same.push(row)
    else byPoint.set(row.point, [row])
  }
  const points = [...byPoint.keys()].sort()
  return points.flatMap((point) => leafOfRows(byPoint.get(point)!) ?? [])
}

/** The leaf that rows of one point were written from; undefined where they cannot have been. */
export function leafOfRows(rows: readonly Row[]): Uint8Array | undefined {
  const series = seriesOfRows(rows)
  return series && encodeSeries(series)
}

/** Names the readings in which a leaf differs from what was signed. */
export function alterations(
  leaf: Uint8Array,
  signed: Uint8Array,
  { source, place }: { source: string; place: Place },
): Omit<Finding, 'entry'>[] {
  const expected = rowsOf(decodeSeries(signed), { source, receivedMs: 0 })
  const found = tryDecode(leaf)
  const rows = found && rowsOf(found, { source, receivedMs: 0 })
  const [first] = expected
  if (rows === undefined || rows.length !== expected.length || rows[0]?.point !== first?.point)
    return [{ code: 'altered-series', ...place, point: first?.point }]
  return expected.flatMap((row, i) =>
    rowFields
      .filter((field) => rows[i]![field] !== row[field])
      .map((field) => ({
        code: 'altered-reading' as const,
        ...readingOf(row),
        field,
        found: rows[i]![field],
        expected: row[field],
      })),
  )
}

export function tryDecode(leaf: Uint8Array): Series | undefined {
  try {
    return decodeSeries(leaf)
  } catch {
    return undefined
  }
}
