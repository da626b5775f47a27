/** What a file from outside may be at most, judged before and while it is taken apart. */
export const bounds = {
  fileBytes: 10 * 1024 * 1024,
  /** Parts of a workbook; Excel writes about ten and one a sheet. */
  entries: 500,
  /** All parts of a workbook together, inflated. */
  inflatedBytes: 100 * 1024 * 1024,
  /** Inflated to packed, for a part beyond 1 MiB. Sheets of like rows reach some 50, deflate at most 1,032. */
  ratio: 250,
  /** Rows with content, over all sheets. */
  rows: 50_000,
  columns: 100,
  /** Characters; Excel's own bound. */
  cellText: 32_767,
  sheets: 50,
  /** Problems that are told in full; beyond them only the count. */
  problems: 2_000,
  /** From bytes to rows. */
  readingMs: 30_000,
} as const
