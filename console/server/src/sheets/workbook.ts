/**
 * What stands in a cell, as text whatever its type: numbers in their shortest form, days as `2026-11-23`, true and false as
 * `TRUE` and `FALSE`. `formula`: one without a computed value; `error`: `#REF!` and its like.
 */
export interface Cell {
  readonly text: string
  readonly type: 'text' | 'number' | 'day' | 'boolean' | 'formula' | 'error'
}

export interface Row {
  /** As spreadsheet programs count, from 1. */
  readonly row: number
  /** By column, from 0; undefined where nothing stands. */
  readonly cells: readonly (Cell | undefined)[]
}

export interface Sheet {
  readonly name: string
  readonly rows: readonly Row[]
}

/** `A`, `Z`, `AA` for 0, 25, 26. */
export function columnLetter(column: number): string {
  const letter = String.fromCharCode(65 + (column % 26))
  return column < 26 ? letter : columnLetter(Math.floor(column / 26) - 1) + letter
}

/** 0 for `A`; undefined for what is no column of a spreadsheet. */
export function columnIndex(letters: string): number | undefined {
  if (!/^[A-Z]{1,3}$/.test(letters)) return undefined
  let index = 0
  for (const letter of letters) index = index * 26 + letter.charCodeAt(0) - 64
  return index - 1
}
