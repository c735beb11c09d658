import { measureReceipt, type ReceiptContent } from '../../../receipts/receipt.ts'
import type { OrderLine } from '../../../services/inventorum-order-rows.ts'
import type { Order } from '../../../services/inventorum-order-views.ts'
import { receiptFacts } from '../../../services/inventorum-receipts.ts'
import type { Merchant } from '../../../services/merchants.ts'

/** Payment methods in words; the meaning of the others is unpublished (specs/inventorum.md 6.1). */
const METHOD_NAMES: Readonly<Record<number, string>> = {
  0: 'Cash',
  4: 'PayPal',
  6: 'Bank transfer',
}

/** A line as it is called: a sold card is followed by its code (specs/inventorum.md 7). */
export const lineName = ({ name, cardLabel }: OrderLine): string =>
  cardLabel === undefined ? name : `${name} ${cardLabel}`

/** What the receipt of a completed order says; undefined before it is paid. */
export function receiptContent(order: Order, merchant: Merchant): ReceiptContent | undefined {
  const facts = receiptFacts(order)
  const { completedAt, invoiceNumber, receipt, noteExternal } = order
  if (!facts || !receipt || completedAt === undefined || invoiceNumber === undefined)
    return undefined
  return {
    storeName: receipt.storeName,
    invoiceNumber: invoiceNumber.toString(),
    completedAt,
    timeZone: merchant.timezone,
    currency: merchant.currency,
    lines: facts.lines.map((line) => ({
      name: lineName(line),
      quantity: line.quantity,
      unitGross: line.unitGross,
      gross: line.gross,
      taxRate: line.rate,
    })),
    cards: facts.cards.map(({ purpose, code, applied, remaining }) => ({
      type: purpose === 'single' ? 'single-purpose' : 'multi-purpose',
      code,
      applied,
      remaining,
    })),
    vat: facts.vat,
    total: facts.total,
    rounded: facts.rounded,
    payments: [{ method: METHOD_NAMES[facts.method] ?? 'Other', amount: facts.paid }],
    ...(noteExternal === undefined ? {} : { note: noteExternal }),
  }
}

/** The store's name and the number, fit for a file: `Corner-Shop-41`. */
export function receiptName({ receipt, invoiceNumber }: Order): string {
  const slug = (receipt?.storeName ?? '')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replaceAll('ß', 'ss')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
  return `${slug === '' ? 'Receipt' : slug}-${invoiceNumber}`
}

/** Addresses of both files and the image's true size; null before the payment. */
export function encodeReceipt(order: Order, merchant: Merchant, base: string) {
  const content = receiptContent(order, merchant)
  if (!content || !order.receipt) return null
  const address = `${base}/uploads/invoices/${merchant.id}/${order.receipt.opaque}/${receiptName(order)}`
  const { width, height } = measureReceipt(content)
  return {
    pdf: `${address}.pdf`,
    image_width: width,
    image_height: height,
    image: `${address}.png`,
  }
}
