import { posix } from 'node:path'
import { CELL_TEXT_MAX, type Cell, isDateFormat, numberCell, textCell } from './cell.ts'
import { FileError, openPackage, type Package } from './package.ts'
import { readPart } from './part.ts'

/** A sheet row with something in its first columns; `cells` is as long as there are columns. */
export type SheetRow = { readonly row: number; readonly cells: readonly (Cell | undefined)[] }

export type SheetLimits = { readonly columns: number; readonly dataRows: number }

/**
 * The data of the first sheet of an XLSX workbook: every row below the first that has something in the
 * wanted columns, by row number (specs/inventorum.md 9.4). Only what is wanted is ever kept in memory,
 * however large the sheet. Refuses (FileError) what is no workbook, and more data rows than allowed.
 */
export async function readFirstSheet(
  bytes: Buffer,
  limits: SheetLimits,
): Promise<readonly SheetRow[]> {
  const file = await openPackage(bytes)
  const { sheet, styles, sharedStrings } = await findParts(file)
  const isDate = styles === undefined ? () => false : await readDateStyles(file, styles)
  const raw = await readCells(file, sheet, limits)
  const shared = await readSharedStrings(file, sharedStrings, raw)
  const rows: SheetRow[] = []
  for (const [row, cells] of raw) {
    const read = cells.map((cell) => cell && toCell(cell, isDate, shared))
    if (read.every((cell) => cell === undefined)) continue
    rows.push({ row, cells: Array.from({ length: limits.columns }, (_, column) => read[column]) })
    if (rows.length > limits.dataRows) throw new FileError('too_many_rows')
  }
  return rows.toSorted((a, b) => a.row - b.row)
}

// --- Parts -----------------------------------------------------------------------------------------

type Relation = { readonly id: string; readonly type: string; readonly target: string }

/** A part's relations to other parts of the file; those to anything outside do not exist for us. */
async function readRelations(file: Package, part: string): Promise<readonly Relation[]> {
  const path = posix.join(posix.dirname(part), '_rels', `${posix.basename(part)}.rels`)
  const relations: Relation[] = []
  await readPart(await file.open(path), {
    open(name, { Id = '', Type = '', Target = '', TargetMode }) {
      if (name !== 'Relationship' || TargetMode === 'External') return
      const target = posix.join('/', Target.startsWith('/') ? '' : posix.dirname(part), Target)
      // The last word of a type is the same in both flavours of the standard.
      relations.push({ id: Id, type: posix.basename(Type), target: target.slice(1) })
    },
  })
  return relations
}

type Parts = { sheet: string; styles: string | undefined; sharedStrings: string | undefined }

async function findParts(file: Package): Promise<Parts> {
  const root = await readRelations(file, '')
  const workbook = root.find(({ type }) => type === 'officeDocument')?.target
  if (workbook === undefined) throw new FileError('not_a_workbook')
  const sheetIds: string[] = []
  await readPart(await file.open(workbook), {
    open(name, attributes) {
      if (name === 'sheet')
        for (const [key, value] of Object.entries(attributes))
          if (key.endsWith(':id')) sheetIds.push(value)
    },
  })
  const relations = await readRelations(file, workbook)
  const sheets = relations.filter(({ type }) => type === 'worksheet')
  const first = sheetIds.flatMap((id) => sheets.find((sheet) => sheet.id === id) ?? [])[0]
  if (!first) throw new FileError('not_a_workbook')
  const targetOf = (wanted: string): string | undefined =>
    relations.find(({ type, target }) => type === wanted && file.has(target))?.target
  return {
    sheet: first.target,
    styles: targetOf('styles'),
    sharedStrings: targetOf('sharedStrings'),
  }
}

/** Which cell styles turn a number into a date, as a question about a cell's style number. */
async function readDateStyles(file: Package, path: string): Promise<(style: number) => boolean> {
  const codes = new Map<number, string>()
  const formats: number[] = []
  let inCellFormats = false
  await readPart(await file.open(path), {
    open(name, { numFmtId = '0', formatCode }) {
      if (name === 'numFmt' && formatCode !== undefined) codes.set(Number(numFmtId), formatCode)
      if (name === 'cellXfs') inCellFormats = true
      if (name === 'xf' && inCellFormats) formats.push(Number(numFmtId))
    },
    close(name) {
      if (name === 'cellXfs') inCellFormats = false
    },
  })
  const dates = formats.map((id) => isDateFormat(id, codes.get(id)))
  return (style) => dates[style] ?? false
}

// --- Cells -----------------------------------------------------------------------------------------

/** A cell as the sheet spells it: its type, its style, its value or the number of its shared text. */
type RawCell = { readonly type: string; readonly style: number; readonly value: string }
type RawRows = ReadonlyMap<number, readonly (RawCell | undefined)[]>

/** Rows that may turn out to be blank text only: more than these and the file is refused. */
const CANDIDATES_PER_DATA_ROW = 5
/** Characters of all cells together; ten thousand rows of the longest allowed values have a third. */
const TEXT_BUDGET = 8 * 1024 * 1024

async function readCells(file: Package, path: string, limits: SheetLimits): Promise<RawRows> {
  const rows = new Map<number, (RawCell | undefined)[]>()
  let row = 0
  let column = 0
  let cell: { type: string; style: number } | undefined
  let collecting = false
  let phonetic = false
  let value = ''
  let budget = TEXT_BUDGET

  const keep = ({ type, style }: { type: string; style: number }): void => {
    budget -= value.length
    if (budget < 0) throw new FileError('unpacked_too_large')
    const cells = rows.get(row) ?? []
    cells[column - 1] = { type, style, value: value.slice(0, CELL_TEXT_MAX) }
    rows.set(row, cells)
    if (rows.size > limits.dataRows * CANDIDATES_PER_DATA_ROW) throw new FileError('too_many_rows')
  }
  await readPart(await file.open(path), {
    open(name, attributes) {
      if (name === 'row') {
        row = attributes.r === undefined ? row + 1 : Number(attributes.r)
        column = 0
        if (!Number.isInteger(row) || row < 1 || row > SHEET_ROWS)
          throw new FileError('not_a_workbook')
      } else if (name === 'c') {
        column = attributes.r === undefined ? column + 1 : columnOf(attributes.r)
        cell = { type: attributes.t ?? 'n', style: Number(attributes.s ?? 0) }
        value = ''
      } else if (name === 'rPh') phonetic = true
      else if (name === 'v' || name === 't') collecting = cell !== undefined && !phonetic
    },
    text(text) {
      if (collecting && value.length < CELL_TEXT_MAX) value += text
    },
    close(name) {
      if (name === 'v' || name === 't') collecting = false
      else if (name === 'rPh') phonetic = false
      else if (name === 'c') {
        if (cell && row > 1 && column <= limits.columns && value !== '') keep(cell)
        cell = undefined
      }
    },
  })
  return rows
}

const SHEET_ROWS = 1_048_576

/** `C12` is 3. */
function columnOf(reference: string): number {
  const letters = /^([A-Z]{1,3})\d{1,7}$/.exec(reference)?.[1]
  if (letters === undefined) throw new FileError('not_a_workbook')
  let column = 0
  for (const letter of letters) column = column * 26 + letter.charCodeAt(0) - 64
  return column
}

/** The shared texts that the wanted cells refer to, and no others. */
async function readSharedStrings(
  file: Package,
  path: string | undefined,
  rows: RawRows,
): Promise<ReadonlyMap<string, string>> {
  const wanted = new Map<string, string>()
  for (const cells of rows.values())
    for (const cell of cells) if (cell?.type === 's') wanted.set(cell.value.trim(), '')
  if (wanted.size === 0) return wanted
  if (path === undefined) throw new FileError('not_a_workbook')
  let index = -1
  let key: string | undefined
  let collecting = false
  let phonetic = false
  let value = ''
  let budget = TEXT_BUDGET
  await readPart(await file.open(path), {
    open(name) {
      if (name === 'si') {
        index += 1
        key = wanted.has(String(index)) ? String(index) : undefined
        value = ''
      } else if (name === 'rPh') phonetic = true
      else if (name === 't') collecting = key !== undefined && !phonetic
    },
    text(text) {
      if (collecting && value.length < CELL_TEXT_MAX) value += text
    },
    close(name) {
      if (name === 't') collecting = false
      else if (name === 'rPh') phonetic = false
      else if (name === 'si' && key !== undefined) {
        budget -= value.length
        if (budget < 0) throw new FileError('unpacked_too_large')
        wanted.set(key, value.slice(0, CELL_TEXT_MAX))
      }
    },
  })
  if ([...wanted.keys()].some((known) => !/^\d+$/.test(known) || Number(known) > index))
    throw new FileError('not_a_workbook')
  return wanted
}

function toCell(
  { type, style, value }: RawCell,
  isDate: (style: number) => boolean,
  shared: ReadonlyMap<string, string>,
): Cell | undefined {
  if (type === 's') return textCell(shared.get(value.trim()) ?? '')
  if (type === 'b') return { kind: 'boolean' }
  if (type === 'd') return { kind: 'date' }
  // Formulas' texts, inline texts and error values such as #N/A.
  if (type !== 'n') return textCell(value)
  if (value.trim() === '') return undefined
  return isDate(style) ? { kind: 'date' } : numberCell(value)
}
