import { type VatRow, vatTable } from '../commerce/inventorum-vat.ts'
import type { Deps } from './deps.ts'
import type { OrderLine } from './inventorum-order-rows.ts'
import { type Order, readOrders, type UsedCard } from './inventorum-order-views.ts'
import type { Merchant } from './merchants.ts'

/** What a receipt says besides its shop: facts of the payment, whatever happened to the order later. */
export type ReceiptFacts = {
  readonly lines: readonly OrderLine[]
  readonly cards: readonly UsedCard[]
  readonly vat: readonly VatRow[]
  readonly total: bigint
  readonly method: number
  readonly paid: bigint
  readonly rounded: bigint
}

export type ReceiptFiles = { readonly pdf: Buffer; readonly png: Buffer }

/** A receipt at its address: the order that it is of, and its files once they were drawn. */
export type StoredReceipt = { readonly order: Order; readonly files: ReceiptFiles | undefined }

/** Facts of a completed order; undefined before it is paid (specs/inventorum.md 7.3, 10.5). */
export function receiptFacts(order: Order): ReceiptFacts | undefined {
  const [sale] = order.payments
  if (!sale || !order.receipt) return undefined
  const applications = order.usedCards.map(({ purpose, rate, applied }) => ({
    card: { purpose, rate },
    applied,
  }))
  return {
    lines: order.lines,
    cards: order.usedCards,
    vat: vatTable(order.lines, applications),
    total: order.total,
    method: sale.method,
    paid: sale.amount,
    rounded: sale.rounded,
  }
}

/**
 * Receipts by their addresses. A file is drawn when it is first asked for, from facts that were written
 * with the payment, and kept: whoever looks again sees the same bytes.
 */
export function createReceipts({ db, now }: Pick<Deps, 'db' | 'now'>) {
  return {
    find: async (merchant: Merchant, opaque: string): Promise<StoredReceipt | undefined> => {
      const [row] = await db<{ order_id: bigint; pdf: Buffer | null; png: Buffer | null }[]>`
        select order_id, pdf, png from inventorum_receipts
        where merchant_id = ${merchant.id} and opaque = ${opaque}`
      if (!row) return undefined
      const order = (await readOrders(db, merchant, [row.order_id], now())).get(row.order_id)
      if (!order) return undefined
      const { pdf, png } = row
      return { order, files: pdf && png ? { pdf, png } : undefined }
    },

    /** Keeps what was drawn; if someone else was faster, theirs is what stays and is returned. */
    keep: async (
      merchantId: bigint,
      orderId: bigint,
      { pdf, png }: ReceiptFiles,
    ): Promise<ReceiptFiles> => {
      const [row] = await db<{ pdf: Buffer; png: Buffer }[]>`
        update inventorum_receipts set pdf = coalesce(pdf, ${pdf}), png = coalesce(png, ${png})
        where merchant_id = ${merchantId} and order_id = ${orderId} returning pdf, png`
      return row ?? { pdf, png }
    },
  }
}
