import { sumApplied } from '../commerce/inventorum-redemption.ts'
import { COMPLETED } from '../commerce/inventorum-states.ts'
import type { LockedCheckout } from './checkout-state.ts'
import type { IssuedLine, PaymentMark, PlannedPayment } from './checkout-writes.ts'
import { labelOf } from './checkout-writes.ts'
import type { OrderLine } from './inventorum-order-rows.ts'
import { type Order, toUsedCard } from './inventorum-order-views.ts'
import type { Merchant } from './merchants.ts'

/**
 * Orders as a payment leaves them, from what was locked and what was written: reading them again would
 * cost as much as paying them. A test holds every answer against the order as it reads later.
 */
export function completedOrders(
  { till, orders, lines }: LockedCheckout,
  planned: readonly PlannedPayment[],
  sold: readonly IssuedLine[],
  marks: readonly PaymentMark[],
  merchant: Merchant,
): readonly Order[] {
  const soldAt = new Map(sold.map((line) => [line.issue.line.id, line]))
  const complete = (line: OrderLine): OrderLine => {
    const found = soldAt.get(line.id)
    return found ? { ...line, cardId: found.issued.card.id, cardLabel: labelOf(found) } : line
  }
  return planned.map(({ plan }, index) => {
    const order = orders.get(plan.orderId)
    const mark = marks[index]
    if (!order || !mark) throw new Error('a payment without an order')
    const usedCards = plan.redemptions
      .filter(({ applied }) => applied > 0n)
      .flatMap(({ cardId, applied, remaining }) => {
        const found = till.cards.get(cardId)
        return found ? [toUsedCard(found, applied, remaining, till.now)] : []
      })
    const { method, amount, rounded } = plan.payment
    return {
      ...order,
      state: COMPLETED,
      invoiceNumber: plan.invoiceNumber,
      completedAt: till.now,
      lines: (lines.get(order.id) ?? []).map(complete),
      usedCards,
      payments: [
        { id: mark.paymentId, orderId: order.id, method, amount, rounded, createdAt: till.now },
      ],
      total: order.gross - sumApplied(usedCards),
      receipt: { opaque: mark.opaque, storeName: merchant.name },
    }
  })
}
