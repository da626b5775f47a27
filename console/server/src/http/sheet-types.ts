export const xlsxType = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

/** What an uploaded workbook or CSV file may call itself; what it is follows from its bytes. */
export const sheetTypes: readonly string[] = [
  xlsxType,
  'text/csv',
  'application/vnd.ms-excel',
  'application/octet-stream',
]

/** The only place that takes them. */
export const importPath = '/api/registry/import'
