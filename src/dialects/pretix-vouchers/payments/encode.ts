import type { OrderPayment, OrderRefund } from '../../../commerce/ticket-orders.ts'
import { encodeId, encodeInstant, encodePrice } from '../catalogue-wire.ts'

/** A payment, with exactly the keys of specs/pretix-vouchers.md 10.1. */
export const encodePayment = (payment: OrderPayment) => ({
  local_id: payment.localId,
  state: payment.state,
  amount: encodePrice(payment.amount),
  created: encodeInstant(payment.createdAt),
  payment_date: encodeInstant(payment.paymentDate),
  provider: payment.provider ?? null,
  payment_url: null,
  details: payment.card
    ? {
        gift_card: {
          id: encodeId(payment.cardId),
          secret: payment.card.code ?? null,
          organizer: payment.card.issuer,
        },
      }
    : {},
})

/** What was given back; all refunds here were asked for through the API. */
export const encodeRefund = (refund: OrderRefund) => ({
  local_id: refund.localId,
  state: refund.state,
  source: 'admin',
  amount: encodePrice(refund.amount),
  payment: refund.paymentId,
  created: encodeInstant(refund.createdAt),
  execution_date: encodeInstant(refund.executionDate),
  comment: refund.comment ?? null,
  provider: refund.provider ?? null,
  details: {},
})
