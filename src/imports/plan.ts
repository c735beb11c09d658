import { compare, type Decimal, formatShortest, parseDecimal } from '../money/decimal.ts'
import { fromDate, type Instant, toDate } from '../money/instant.ts'
import { toUnits } from '../money/money.ts'
import { fromReading, toReading, type Zone } from '../money/zone.ts'
import type {
  ImportAccount,
  ImportFault,
  ImportPlan,
  PlannedCard,
} from '../services/imports-commands.ts'
import type { Cell } from './cell.ts'
import type { FileFault } from './package.ts'
import type { SheetLimits, SheetRow } from './xlsx.ts'

/** Redeem code, name, valid until, current amount, tax rate: columns A to E (specs/inventorum.md 9.4). */
export const IMPORT_LIMITS: SheetLimits = { columns: 5, dataRows: 10_000 }

const FILE_TEXT: Readonly<Record<FileFault, string>> = {
  not_a_workbook: 'File is not a valid XLSX workbook.',
  unpacked_too_large: 'The file is too large when it is unpacked.',
  too_many_rows: `The file contains more than ${IMPORT_LIMITS.dataRows} gift cards.`,
  no_rows: 'The file contains no gift cards.',
}

/** A fault of the file as a whole. */
export const fileFault = (fault: FileFault): ImportFault => ['source_file', FILE_TEXT[fault]]

/** A value, or the one text that says what is wrong with its cell. */
type Reading<T> = { readonly value: T } | { readonly fault: string }
const fault = (text: string): { fault: string } => ({ fault: text })

const REQUIRED = fault('This field is required.')
const NO_STRING = fault('Not a valid string.')
const NO_NUMBER = fault('A valid number is required.')

/** Rows to cards, at the time the file was sent (specs/inventorum.md 9.4). Their codes may be taken, or repeated. */
export function planImport(
  rows: readonly SheetRow[],
  account: ImportAccount,
  sentAt: Instant,
): ImportPlan {
  if (rows.length === 0) return { faults: [fileFault('no_rows')] }
  const faults: ImportFault[] = []
  const cards: PlannedCard[] = []
  const readValidity = validityReader(account.zone, sentAt)
  for (const { row, cells } of rows) {
    const [a, b, c, d, e] = cells
    const readings = {
      A: readCode(a),
      B: readName(b),
      C: readValidity(c),
      D: readAmount(d),
      E: readTaxType(e, account),
    }
    for (const [column, reading] of Object.entries(readings))
      if ('fault' in reading) faults.push([`${column}${row}`, reading.fault])
    const { A, B, C, D, E } = readings
    if ('value' in A && 'value' in B && 'value' in C && 'value' in D && 'value' in E)
      cards.push({
        code: A.value,
        name: B.value,
        validUntil: C.value,
        units: D.value,
        taxTypeId: E.value,
      })
  }
  return faults.length > 0 ? { faults } : { cards }
}

// --- Cells -----------------------------------------------------------------------------------------

const CODE_LENGTH_MIN = 8
const CODE_LENGTH_MAX = 64
const NAME_LENGTH_MAX = 255

const tooLong = (max: number) => fault(`Ensure this field has no more than ${max} characters.`)

function readCode(cell: Cell | undefined): Reading<string> {
  if (!cell) return REQUIRED
  if (cell.kind === 'boolean' || cell.kind === 'date') return NO_STRING
  // Excel shows more than fifteen digits as zeros or as 1.23E+17: the code is damaged, do not guess.
  const intact = cell.kind === 'text' ? /^[A-Za-z0-9-]+$/ : /^\d{1,15}$/
  if (!intact.test(cell.text)) return fault('Redeem code contains invalid characters')
  if (cell.text.length < CODE_LENGTH_MIN)
    return fault(`Ensure this field has at least ${CODE_LENGTH_MIN} characters.`)
  return cell.text.length > CODE_LENGTH_MAX ? tooLong(CODE_LENGTH_MAX) : { value: cell.text }
}

function readName(cell: Cell | undefined): Reading<string> {
  if (!cell) return REQUIRED
  if (cell.kind === 'boolean' || cell.kind === 'date') return NO_STRING
  return Array.from(cell.text).length > NAME_LENGTH_MAX
    ? tooLong(NAME_LENGTH_MAX)
    : { value: cell.text }
}

const AMOUNT_PLACES = 2
const AMOUNT_WHOLE_DIGITS = 10

function readAmount(cell: Cell | undefined): Reading<bigint> {
  const reading = readNumber(cell)
  if ('fault' in reading) return reading
  const { value } = reading
  if (value.units <= 0n) return fault('Ensure this value is greater than 0.')
  const [whole = '', fraction = ''] = formatShortest(value).split('.')
  if (whole.length > AMOUNT_WHOLE_DIGITS)
    return fault(
      `Ensure that there are no more than ${AMOUNT_WHOLE_DIGITS} digits before the decimal point.`,
    )
  const units = toUnits(value)
  return units === undefined || fraction.length > AMOUNT_PLACES
    ? fault(`Ensure that there are no more than ${AMOUNT_PLACES} decimal places.`)
    : { value: units }
}

function readTaxType(cell: Cell | undefined, { taxTypes }: ImportAccount): Reading<bigint> {
  const reading = readNumber(cell)
  if ('fault' in reading) return reading
  const match = taxTypes.find(({ rate }) => compare(rate, reading.value) === 0)
  return match ? { value: match.id } : fault('Tax rate does not match any tax rate of the account.')
}

/** Longer texts and larger exponents are no number that anybody means. */
const NUMBER_LENGTH_MAX = 100
const NUMBER_SCALE_MAX = 400

function readNumber(cell: Cell | undefined): Reading<Decimal> {
  if (!cell) return REQUIRED
  if (cell.kind === 'boolean') return NO_STRING
  if (cell.kind === 'date') return NO_NUMBER
  const length = cell.kind === 'text' ? cell.text.length : 0
  const value = length > NUMBER_LENGTH_MAX ? undefined : parseDecimal(cell.text)
  return value && Math.abs(value.scale) <= NUMBER_SCALE_MAX ? { value } : NO_NUMBER
}

// --- Validity --------------------------------------------------------------------------------------

const DEFAULT_YEARS = 3
/** A wrong date is quoted up to here. */
const QUOTE_MAX = 200

/** A card is good through the last second of its day on the account's clock. */
function validityReader(zone: Zone, sentAt: Instant): (cell: Cell | undefined) => Reading<Instant> {
  // A file names few days many times, and asking a zone is slow.
  const known = new Map<string, Instant>()
  const endOfDay = (year: number, month: number, day: number): Instant => {
    const key = `${year}-${month}-${day}`
    const end = known.get(key) ?? lastInstantOf(zone, year, month, day)
    known.set(key, end)
    return end
  }
  const today = toDate(toReading(zone, sentAt))
  const inYears = [today.getUTCFullYear() + DEFAULT_YEARS, today.getUTCMonth() + 1] as const
  // The 29 February becomes the 28th.
  const unset = endOfDay(...inYears, Math.min(today.getUTCDate(), daysIn(...inYears)))
  return (cell) => {
    if (!cell) return { value: unset }
    if (cell.kind === 'boolean' || cell.kind === 'date') return NO_STRING
    const date = parseDate(cell.text)
    if (date === 'format') return fault(wrongFormat(cell.text))
    return date === 'day'
      ? fault('day is out of range for month')
      : { value: endOfDay(date.year, date.month, date.day) }
  }
}

const wrongFormat = (text: string): string =>
  `time data '${text.length > QUOTE_MAX ? `${text.slice(0, QUOTE_MAX)}…` : text}' does not match format '%d.%m.%Y'`

const DATE = /^(0?[1-9]|[12]\d|3[01])\.(0?[1-9]|1[0-2])\.(\d{4})$/

/** `DD.MM.YYYY` as Python's strptime reads it: a month 13 is no format, a 31 February is no day. */
function parseDate(text: string): { year: number; month: number; day: number } | 'format' | 'day' {
  const [, day, month, year] = (DATE.exec(text) ?? []).map(Number)
  if (day === undefined || month === undefined || !year) return 'format'
  return day > daysIn(year, month) ? 'day' : { year, month, day }
}

function daysIn(year: number, month: number): number {
  const last = new Date(0)
  last.setUTCFullYear(year, month, 0)
  return last.getUTCDate()
}

function lastInstantOf(zone: Zone, year: number, month: number, day: number): Instant {
  const reading = new Date(0)
  reading.setUTCFullYear(year, month - 1, day)
  reading.setUTCHours(23, 59, 59)
  return fromReading(zone, fromDate(reading))
}
