import type { Answer } from '../../../http/answer.ts'
import { formatCents } from '../../../money/money.ts'
import type { CardRefusal } from '../../../services/ticket-cards.ts'
import type { PaymentRefusal } from '../../../services/ticket-payments.ts'
import { detail, invalid, notFound } from '../../pretix/errors.ts'

/** Why a gift card cannot pay (specs/pretix-vouchers.md 10.2 and 12, pretix-giftcards.md 10). */
const CARD_TEXTS = {
  buys_gift_card: 'You cannot pay with gift cards when buying a gift card.',
  not_known: 'This gift card is not known.',
  other_currency: 'This gift card does not support this currency.',
  not_accepted: 'This gift card is not accepted by this event organizer.',
  no_credit: 'All credit on this gift card has been used.',
  used_meanwhile: 'This gift card was used in the meantime. Please try again.',
  test_only: 'This gift card can only be used in test mode.',
  live_only: 'Only test gift cards can be used in test mode.',
  expired: 'This gift card is no longer valid.',
  inactive: 'This gift card is not active.',
} as const satisfies Record<CardRefusal, string>

export const cardRefused = (code: CardRefusal): Answer => detail(400, CARD_TEXTS[code])

/** What a payment that was not made, confirmed or refunded is answered with. */
export function paymentRefused(refusal: PaymentRefusal): Answer {
  switch (refusal.code) {
    case 'order_not_found':
      return notFound('No Order matches the given query.')
    case 'payment_not_found':
      return notFound('No OrderPayment matches the given query.')
    case 'state':
      return detail(400, 'Invalid state of payment')
    case 'refund_state':
      // This one ends with a full stop.
      return detail(400, 'Invalid state of payment.')
    case 'amount_invalid':
      return invalid({ amount: ['Invalid refund amount.'] })
    case 'amount_too_large':
      return invalid({
        amount: [
          `Invalid refund amount, only ${formatCents(refusal.left)} are available to refund.`,
        ],
      })
    case 'no_full_refund':
      return invalid({ amount: ['Full refund not available for this payment method.'] })
    case 'no_partial_refund':
      return invalid({ amount: ['Partial refund not available for this payment method.'] })
    case 'card':
      return cardRefused(refusal.card)
  }
}
