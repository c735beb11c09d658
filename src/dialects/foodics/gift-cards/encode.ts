import type { Card } from '../../../services/cards.ts'
import type { CardSale } from '../../../services/foodics-cards.ts'
import type { Product } from '../../../services/foodics-products.ts'
import { encodeProduct } from '../gift-card-products/encode.ts'
import { encodeId } from '../ids.ts'
import { encodeOrder, type OrderView } from '../orders/encode.ts'
import { encodeAmount, encodeStamp } from '../wire.ts'

/** A card with what sold it, as far as that is to be shown whole. */
export type CardView = {
  readonly card: Card
  readonly sale: CardSale | undefined
  readonly product?: Product | undefined
  readonly order?: OrderView | undefined
}

/** A gift card with its present balance; `amount` is its face value (specs/foodics.md 5). */
export const encodeCard = ({ card, sale, product, order }: CardView): unknown => ({
  id: encodeId('card', card.id),
  amount: encodeAmount(card.face),
  balance: encodeAmount(card.balance),
  code: card.code ?? null,
  gift_card_product: product
    ? encodeProduct(product)
    : sale
      ? { id: encodeId('product', sale.productId) }
      : null,
  order: order ? encodeOrder(order) : sale ? { id: encodeId('order', sale.orderId) } : null,
  created_at: encodeStamp(card.createdAt),
  updated_at: encodeStamp(card.modifiedAt),
})
