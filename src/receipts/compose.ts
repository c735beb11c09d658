import { formatShortest } from '../money/decimal.ts'
import { type Instant, toDate } from '../money/instant.ts'
import { formatCents } from '../money/money.ts'
import { Pen, type Sheet } from './layout.ts'
import type { ReceiptCard, ReceiptContent, ReceiptLine } from './receipt.ts'
import type { Typeface } from './typeface.ts'

/** What is more is left out with an ellipsis, to keep the image within bounds. */
const NOTE_LINES_MAX = 200
const NOTE_ROWS_PER_LINE_MAX = 40
/** A receipt with more lines abbreviates long names, to keep its image within bounds. */
const LINES_WITH_FULL_NAMES_MAX = 60

/** What stands where on a receipt (specs/inventorum.md 7.3, 10.5). */
export function layOutReceipt(
  content: ReceiptContent,
  faces: Readonly<Record<Typeface['name'], Typeface>>,
  pen: Pen = new Pen(faces),
): Sheet {
  writeHead(pen, content)
  for (const line of content.lines) writeLine(pen, line, content.lines.length)
  const single = content.cards.filter(({ type }) => type === 'single-purpose')
  const multi = content.cards.filter(({ type }) => type === 'multi-purpose')
  if (content.cards.length > 0) {
    pen.rule()
    pen.writePair('Subtotal', formatCents(sum(content.lines)))
  }
  for (const card of single) writeCard(pen, card)
  writeVat(pen, content)
  // A multi-purpose card pays; it does not lower what is taxed, so it stands below the table.
  if (multi.length > 0) pen.rule()
  for (const card of multi) writeCard(pen, card)
  writeSettlement(pen, content)
  writeFoot(pen, content)
  return pen.cut()
}

/**
 * The last characters of a code that may be shown: four, one of a code of up to seven, and never
 * more than half of it (specs/inventorum.md 14).
 */
export function codeEnding(code: string): string {
  const symbols = Array.from(code)
  const shown = symbols.length >= 8 ? 4 : symbols.length >= 2 ? 1 : 0
  return symbols.slice(symbols.length - shown).join('')
}

const sum = (lines: readonly ReceiptLine[]): bigint =>
  lines.reduce((total, { gross }) => total + gross, 0n)

function writeHead(pen: Pen, { storeName, invoiceNumber, ...content }: ReceiptContent): void {
  pen.write(storeName, { size: 36, bold: true, align: 'center', rowsMax: 3 })
  pen.skip(14)
  pen.writePair(`Receipt ${invoiceNumber}`, localTime(content.completedAt, content.timeZone))
  pen.rule('solid')
  pen.writePair('', content.currency, { size: 18 })
}

function writeLine(pen: Pen, line: ReceiptLine, lines: number): void {
  const rowsMax = lines > LINES_WITH_FULL_NAMES_MAX ? 3 : 8
  pen.writePair(line.name, formatCents(line.gross), { rowsMax })
  const quantity = formatShortest(line.quantity)
  pen.write(
    `${quantity} × ${formatCents(line.unitGross)}   ·   ${formatShortest(line.taxRate)} %`,
    { size: 18 },
  )
  pen.skip(5)
}

function writeCard(pen: Pen, { type, code, applied, remaining }: ReceiptCard): void {
  const kind = type === 'single-purpose' ? 'Single-purpose' : 'Multi-purpose'
  pen.writePair(`${kind} gift card ••••${codeEnding(code)}`, formatCents(-applied))
  pen.write(`Remaining value ${formatCents(remaining)}`, { size: 18 })
  pen.skip(5)
}

function writeVat(pen: Pen, { vat }: ReceiptContent): void {
  pen.rule()
  pen.writeCells(['VAT rate', 'Net', 'VAT', 'Gross'], { size: 18 })
  for (const row of vat)
    pen.writeCells(
      [`${formatShortest(row.rate)} %`, ...[row.net, row.vat, row.gross].map(formatCents)],
      { size: 20 },
    )
}

function writeSettlement(
  pen: Pen,
  { total, currency, rounded = 0n, payments }: ReceiptContent,
): void {
  pen.rule('solid')
  pen.writePair(`Total ${currency}`, formatCents(total), { size: 32, bold: true })
  if (rounded !== 0n) pen.writePair('Rounding', formatCents(rounded))
  for (const { method, amount } of payments) pen.writePair(method, formatCents(amount))
}

function writeFoot(pen: Pen, { note }: ReceiptContent): void {
  pen.rule()
  const lines = (note ?? '').split(/\r\n|[\n\r\u2028\u2029]/)
  const shown = lines.length > NOTE_LINES_MAX ? [...lines.slice(0, NOTE_LINES_MAX), '…'] : lines
  for (const line of shown)
    if (line.trim() !== '') pen.write(line, { align: 'center', rowsMax: NOTE_ROWS_PER_LINE_MAX })
  pen.skip(10)
  pen.write('Thank you for your visit.', { size: 20, align: 'center' })
}

/** Making a clock costs more than the rest of a layout; there are as many as there are time zones. */
const clocks = new Map<string, Intl.DateTimeFormat>()

/** `03.02.2031 09:16` on the shop's clock. */
function localTime(instant: Instant, timeZone: string): string {
  const clock =
    clocks.get(timeZone) ??
    new Intl.DateTimeFormat('de-DE', { timeZone, dateStyle: 'medium', timeStyle: 'short' })
  clocks.set(timeZone, clock)
  return clock.format(toDate(instant)).replace(',', '')
}
