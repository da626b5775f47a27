import { silentLog } from '@farwatch/runtime'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bounds } from '../sheets/bounds.ts'
import { readSheets } from '../sheets/file.ts'
import { MemoryRegistry } from '../sheets/memory-registry.ts'
import { writeSpreadsheet } from '../sheets/spreadsheet-writer.ts'
import { writeZip } from '../sheets/zip-writer.ts'
import { startConsole } from '../testing.ts'
import { sheetTypes, xlsxType } from './sheet-types.ts'

const registryDesk = new MemoryRegistry()
let running: Awaited<ReturnType<typeof startConsole>>

beforeAll(async () => {
  running = await startConsole({}, { registryDesk, log: silentLog })
})
afterAll(() => running.stop())

const importing = (body: Uint8Array | string, { query = '', type = xlsxType, origin = running.url } = {}) =>
  fetch(`${running.url}/api/registry/import${query}`, {
    method: 'POST',
    headers: { 'content-type': type, origin },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  })

const siteSheet = (...rows: string[][]) =>
  writeSpreadsheet([
    {
      name: 'Sites',
      columns: ['Site id', 'Name (Chinese)', 'Name (English)', 'Latitude', 'Longitude'].map((heading) => ({
        heading,
        width: 9,
      })),
      rows: rows.map((cells) => ({ cells: cells.map((text) => ({ text })) })),
    },
  ])

describe('W1 sheets over HTTP', () => {
  test('W1 template, rehearsal, import, export: the way of the demo', async () => {
    const template = await fetch(`${running.url}/api/registry/template.xlsx?language=zh`)
    expect(template.headers.get('content-disposition')).toBe('attachment; filename="farwatch-template.xlsx"')
    expect(readSheets(Buffer.from(await template.arrayBuffer())).map(({ name }) => name)).toContain('企业')

    const wrong = siteSheet(['E01', '一', 'one', 'north', '115'])
    const rehearsal = await importing(wrong, { query: '?dryRun=true' })
    expect([rehearsal.status, await rehearsal.json()]).toMatchObject([
      200,
      { outcome: 'refused', problems: [{ sheet: 'Sites', row: 2, column: 'D', found: 'north' }] },
    ])
    expect((await importing(wrong)).status).toBe(422)
    expect(registryDesk.list('site')).toEqual([])

    const report = await importing(wrong, { query: '?report=csv&language=en' })
    expect(report.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(await report.text()).toContain(
      '"Sites",2,"D","Latitude","north","found ""north"", expected a number without a unit"',
    )
    const marked = await importing(wrong, { query: '?report=xlsx&language=en' })
    expect(readSheets(Buffer.from(await marked.arrayBuffer()))[0]!.rows[1]!.cells.at(-1)!.text).toContain(
      'D found "north"',
    )

    const done = await importing(siteSheet(['E01', '一', '=one', '33', '115']))
    expect([done.status, await done.json()]).toMatchObject([200, { outcome: 'done', changes: 1 }])
    const csv = await (await fetch(`${running.url}/api/registry/export.csv?kind=site&language=en`)).text()
    expect(csv).toContain(`"E01","一","'=one"`)
    const again = await importing(csv, { type: 'text/csv', query: '?dryRun=true' })
    expect(await again.json()).toMatchObject({ outcome: 'ready', changes: 0 })
    const xlsx = await fetch(`${running.url}/api/registry/export.xlsx?kind=site`)
    expect(readSheets(Buffer.from(await xlsx.arrayBuffer()))[0]!.rows[1]!.cells[2]!.text).toBe('=one')
  })

  test('W1 the fields of every kind, in both languages, with their choices', async () => {
    const kinds = (await (await fetch(`${running.url}/api/registry/fields`)).json()) as {
      kind: string
      fields: unknown[]
    }[]
    expect(kinds).toHaveLength(12)
    expect(kinds.find(({ kind }) => kind === 'site')!.fields).toContainEqual(
      expect.objectContaining({ path: 'latitude', type: 'number', unit: '°', required: true }),
    )
  })
})

describe('W6 uploads that mean harm', () => {
  test('W6 50 MB are refused before they are read, and the console goes on', async () => {
    const response = await importing(new Uint8Array(50 * 1024 * 1024)).catch(() => undefined)
    // The server may hang up while the sender still sends; either way nothing was taken.
    if (response !== undefined) {
      expect(response.status).toBe(413)
      expect(await response.json()).toMatchObject({ type: 'urn:farwatch:problem:too-large' })
    }
    expect((await fetch(`${running.url}/api/health`)).status).toBe(200)
    const barely = await importing(new Uint8Array(bounds.fileBytes + 1)).catch(() => undefined)
    if (barely !== undefined) expect(barely.status).toBe(413)
  })

  test('W6 a zip bomb as Excel and a polyglot are refused with what to do, in both languages', async () => {
    const bomb = writeZip(new Map([['xl/workbook.xml', ' '.repeat(60_000_000)]]))
    const refused = await importing(bomb)
    expect([refused.status, await refused.json()]).toMatchObject([
      422,
      { type: 'urn:farwatch:problem:zip-bomb', detail: expect.stringContaining('拒绝解压') },
    ])
    const polyglot = Buffer.concat([Buffer.from('<html><script>alert(1)</script>'), siteSheet(['E02'])])
    expect([
      (await importing(polyglot)).status,
      (await importing(polyglot, { type: 'text/csv' })).status,
    ]).toEqual([422, 422])
    expect(registryDesk.get('site', 'E02')).toBeUndefined()
  })

  test('W6 the import takes files from its own origin only, other routes take no files', async () => {
    const file = siteSheet(['E03', '三', 'three', '33', '115'])
    expect((await importing(file, { origin: 'https://evil.example' })).status).toBe(403)
    expect((await importing(file, { type: 'text/plain' })).status).toBe(415)
    expect((await importing(file, { type: 'application/json' })).status).toBe(415)
    for (const type of sheetTypes) {
      const response = await fetch(`${running.url}/api/alerts/${'0'.repeat(32)}/acknowledge`, {
        method: 'POST',
        headers: { 'content-type': type, origin: running.url },
        body: new Uint8Array(file),
      })
      expect(response.status).toBe(415)
    }
    expect(registryDesk.get('site', 'E03')).toBeUndefined()
  })

  test('W6 files read at the same time are bounded: the others are asked to come again', async () => {
    const rows = Array.from({ length: 3_000 }, (_, i) => [`S${i}`, '名', 'name', '33', '115'])
    const file = siteSheet(...rows)
    const statuses = await Promise.all(
      Array.from({ length: 6 }, () =>
        importing(file, { query: '?dryRun=true' }).then(({ status }) => status),
      ),
    )
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(2)
    expect(statuses.every((status) => status === 200 || status === 503)).toBe(true)
  })
})
