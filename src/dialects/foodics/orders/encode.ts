import type { Order } from '../../../services/foodics-orders.ts'
import { rawNumber } from '../../../wire/json.ts'
import { storedJson } from '../gift-card-products/encode.ts'
import { type CardView, encodeCard } from '../gift-cards/encode.ts'
import { encodeId } from '../ids.ts'
import { encodeAmount, encodeStamp } from '../wire.ts'

/** An order with the card it sold: its id, or the whole of it. */
export type OrderView = {
  readonly order: Order
  readonly soldCardId: bigint | undefined
  readonly card?: CardView | undefined
}

/** An order (specs/foodics.md 6.2); what was stored as sent is echoed as sent. */
export function encodeOrder({ order, soldCardId, card }: OrderView): unknown {
  const details = storedJson(order.details) as Record<string, unknown> // Written by decodeOrder.
  const createdAt = encodeStamp(order.createdAt)
  const reference = rawNumber(order.reference.toString())
  return {
    id: encodeId('order', order.id),
    app_id: null,
    reference,
    number: reference,
    check_number: null,
    type: order.type,
    source: order.source,
    status: order.status,
    delivery_status: null,
    guests: details.guests,
    kitchen_notes: details.kitchen_notes,
    customer_notes: details.customer_notes,
    business_date: order.businessDate,
    subtotal_price: encodeAmount(order.subtotalPrice),
    discount_amount: encodeAmount(order.discountAmount),
    rounding_amount: encodeAmount(order.roundingAmount),
    total_price: encodeAmount(order.totalPrice),
    meta: details.meta,
    branch: { id: order.branchId },
    customer: order.customerId === undefined ? null : { id: order.customerId },
    gift_card: card
      ? encodeCard(card)
      : soldCardId === undefined
        ? null
        : { id: encodeId('card', soldCardId) },
    products: details.products,
    combos: details.combos,
    charges: details.charges,
    payments: details.payments,
    tags: details.tags,
    opened_at: createdAt,
    due_at: details.due_at,
    closed_at: null,
    created_at: createdAt,
    updated_at: createdAt,
  }
}
