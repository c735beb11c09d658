import { strToU8, zipSync } from 'fflate'

/** A cell as a test says it: text (shared or inline), a number, or its XML attributes and value. */
export type CellInput =
  | string
  | number
  | undefined
  | {
      readonly type?: string
      readonly style?: number
      readonly value?: string
      readonly formula?: string
      readonly inline?: string
      readonly xml?: string
    }

export type WorkbookInput = {
  /** Rows from the first on, the header included. */
  readonly rows: readonly (readonly CellInput[])[]
  readonly strings?: 'shared' | 'inline'
  /** Number formats of styles 1, 2, 3 …: a built-in id or a code. */
  readonly formats?: readonly (number | string)[]
  readonly date1904?: boolean
  /** Parts added, replaced, or left out (undefined). */
  readonly parts?: Readonly<Record<string, string | Uint8Array | undefined>>
}

const R = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'

export const HEADER = ['redeem code', 'name', 'valid until', 'current amount', 'tax rate'] as const

const escapeXml = (text: string): string =>
  text.replace(/[&<>"]/g, (symbol) => `&#${symbol.charCodeAt(0)};`)

/** The address of a cell: `cellAddress(2, 0)` is `A2`. */
const cellAddress = (row: number, column: number): string =>
  `${String.fromCharCode(65 + column)}${row}`

/** The XML parts of a small workbook, as spreadsheet programs write them. */
export function workbookParts(input: WorkbookInput): Record<string, string> {
  const { rows, strings = 'shared', formats = [], date1904 = false } = input
  const shared: string[] = []
  const cellXml = (cell: CellInput, at: string): string => {
    if (cell === undefined) return ''
    if (typeof cell === 'number') return `<c r="${at}"><v>${cell}</v></c>`
    if (typeof cell === 'string' && strings === 'inline')
      return `<c r="${at}" t="inlineStr"><is><t xml:space="preserve">${escapeXml(cell)}</t></is></c>`
    if (typeof cell === 'string') {
      const known = shared.indexOf(cell)
      const index = known >= 0 ? known : shared.push(cell) - 1
      return `<c r="${at}" t="s"><v>${index}</v></c>`
    }
    if (cell.xml !== undefined) return cell.xml
    const type = cell.type === undefined ? '' : ` t="${cell.type}"`
    const formula = cell.formula === undefined ? '' : `<f>${escapeXml(cell.formula)}</f>`
    const value = cell.value === undefined ? '' : `<v>${escapeXml(cell.value)}</v>`
    const inline = cell.inline === undefined ? '' : `<is>${cell.inline}</is>`
    return `<c r="${at}" s="${cell.style ?? 0}"${type}>${formula}${value}${inline}</c>`
  }
  const sheetRows = rows.map((cells, index) => {
    const row = index + 1
    return `<row r="${row}">${cells.map((cell, column) => cellXml(cell, cellAddress(row, column))).join('')}</row>`
  })
  const codes = formats.flatMap((format, index) =>
    typeof format === 'string' ? [{ id: 170 + index, code: format }] : [],
  )
  const ids = formats.map((format, index) => (typeof format === 'string' ? 170 + index : format))
  return {
    '[Content_Types].xml':
      '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
    '_rels/.rels': `<Relationships xmlns="p"><Relationship Id="r1" Type="${R}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    'xl/workbook.xml': `<workbook xmlns="${MAIN}" xmlns:r="${R}"><workbookPr date1904="${date1904}"/><sheets><sheet name="Cards" sheetId="1" r:id="rId1"/></sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `<Relationships xmlns="p"><Relationship Id="rId1" Type="${R}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${R}/styles" Target="styles.xml"/><Relationship Id="rId3" Type="${R}/sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>`,
    'xl/styles.xml': `<styleSheet xmlns="${MAIN}"><numFmts>${codes.map(({ id, code }) => `<numFmt numFmtId="${id}" formatCode="${escapeXml(code)}"/>`).join('')}</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs>${[0, ...ids].map((id) => `<xf numFmtId="${id}"/>`).join('')}</cellXfs></styleSheet>`,
    'xl/worksheets/sheet1.xml': `<worksheet xmlns="${MAIN}"><sheetData>${sheetRows.join('')}</sheetData></worksheet>`,
    'xl/sharedStrings.xml': `<sst xmlns="${MAIN}">${shared.map((text) => `<si><t xml:space="preserve">${escapeXml(text)}</t></si>`).join('')}</sst>`,
  }
}

/** A workbook as bytes. */
export function workbook(input: WorkbookInput): Buffer {
  const parts = { ...workbookParts(input), ...input.parts }
  const files = Object.entries(parts).flatMap(([path, part]) =>
    part === undefined ? [] : [[path, typeof part === 'string' ? strToU8(part) : part] as const],
  )
  return Buffer.from(zipSync(Object.fromEntries(files), { level: 1 }))
}
