import type { Decimal } from '../money/decimal.ts'
import type { Instant } from '../money/instant.ts'
import { layOutReceipt } from './compose.ts'
import { Pen } from './layout.ts'
import { openTypefaces } from './typeface.ts'

/** One sold line, as the order shows it (specs/inventorum.md 7.3); amounts are ledger units. */
export type ReceiptLine = {
  readonly name: string
  readonly quantity: Decimal
  readonly unitGross: bigint
  readonly gross: bigint
  readonly taxRate: Decimal
}

/** A card that paid: the whole code comes in, at most its last four characters are printed. */
export type ReceiptCard = {
  readonly type: 'single-purpose' | 'multi-purpose'
  readonly code: string
  /** What was taken, positive. */
  readonly applied: bigint
  readonly remaining: bigint
}

/** One rate of the VAT table (specs/inventorum.md 10.5): gross is net + vat. */
export type ReceiptVat = {
  readonly rate: Decimal
  readonly net: bigint
  readonly vat: bigint
  readonly gross: bigint
}

export type ReceiptPayment = {
  /** How it was paid, in words: `Cash`. */
  readonly method: string
  readonly amount: bigint
}

/**
 * What a receipt says (specs/inventorum.md 7.3). All numbers come computed; the receipt adds up
 * nothing but the subtotal of its lines. Internal notes and codes of pre-coded cards have no place.
 */
export type ReceiptContent = {
  readonly storeName: string
  readonly invoiceNumber: string
  readonly completedAt: Instant
  readonly timeZone: string
  readonly currency: string
  readonly lines: readonly ReceiptLine[]
  /** Cards in the order in which they were applied; those that gave nothing are left out. */
  readonly cards: readonly ReceiptCard[]
  readonly vat: readonly ReceiptVat[]
  /** To pay: lines minus cards. */
  readonly total: bigint
  /** The cash rounding that payments include, if any; signed. */
  readonly rounded?: bigint
  readonly payments: readonly ReceiptPayment[]
  /** `note_external`, printed; absent if there is none. */
  readonly note?: string
}

/** Both files of one receipt and the true pixel size of the image. */
export type Receipt = {
  readonly pdf: Buffer
  readonly png: Buffer
  readonly width: number
  readonly height: number
}

let opened: ReturnType<typeof openTypefaces> | undefined
const typefacesOf = () => {
  opened ??= openTypefaces()
  return opened
}

/** The pixel size that a receipt's image will have, for a hundredth of the cost of drawing it. */
export function measureReceipt(content: ReceiptContent): Pick<Receipt, 'width' | 'height'> {
  const typefaces = typefacesOf()
  const { width, height } = layOutReceipt(content, typefaces, new Pen(typefaces, { isDry: true }))
  return { width, height }
}

/** Lays a receipt out once and draws it twice; no content can make it fail. */
export async function renderReceipt(content: ReceiptContent): Promise<Receipt> {
  const [{ drawPdf }, { drawPng }] = await Promise.all([import('./pdf.ts'), import('./png.ts')])
  const sheet = layOutReceipt(content, typefacesOf())
  const pdf = await drawPdf(sheet, `Receipt ${content.invoiceNumber}`, content.completedAt)
  return { pdf, png: drawPng(sheet), width: sheet.width, height: sheet.height }
}
