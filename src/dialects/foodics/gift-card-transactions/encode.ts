import type { Entry } from '../../../services/cards.ts'
import { type CardView, encodeCard } from '../gift-cards/encode.ts'
import { encodeId } from '../ids.ts'
import { encodeOrder, type OrderView } from '../orders/encode.ts'
import { encodeAmount, encodeStamp } from '../wire.ts'

/** The order a card was spent on; entries that other protocols made have none here. */
export const orderRefOf = ({ protocol, orderRef }: Entry): string | undefined =>
  protocol === 'foodics' ? orderRef : undefined

/** A ledger entry as a transaction, card and order whole where they are given (specs/foodics.md 4). */
export function encodeTransaction(entry: Entry, card?: CardView, order?: OrderView): unknown {
  const createdAt = encodeStamp(entry.createdAt)
  return {
    id: encodeId('entry', entry.id),
    amount: encodeAmount(entry.amount),
    old_balance: encodeAmount(entry.balanceAfter - entry.amount),
    new_balance: encodeAmount(entry.balanceAfter),
    gift_card: card ? encodeCard(card) : { id: encodeId('card', entry.cardId) },
    order: order ? encodeOrder(order) : { id: orderRefOf(entry) ?? null },
    created_at: createdAt,
    updated_at: createdAt,
  }
}
