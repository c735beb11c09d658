import type { Services } from '../../services/index.ts'
import type { Merchant } from '../../services/merchants.ts'
import type { CardView } from './gift-cards/encode.ts'
import type { OrderView } from './orders/encode.ts'

/** Where related objects are read, for whom. */
export type Source = { readonly services: Services; readonly merchant: Merchant }

type Sale = { readonly cardId: bigint; readonly productId: bigint; readonly orderId: bigint }

const byCard = (sales: readonly Sale[]): Map<bigint, Sale> =>
  new Map(sales.map((sale) => [sale.cardId, sale]))
const byOrder = (sales: readonly Sale[]): Map<bigint, Sale> =>
  new Map(sales.map((sale) => [sale.orderId, sale]))

/** Cards by id, with their product and the order that sold them where these are wanted whole. */
export async function loadCards(
  { services: { foodics }, merchant }: Source,
  ids: readonly bigint[],
  wants: { readonly product: boolean; readonly order: boolean },
): Promise<Map<bigint, CardView>> {
  const unique = [...new Set(ids)]
  const [cards, sales] = await Promise.all([
    foodics.cards.findAll(merchant, unique),
    foodics.cards.salesOfCards(merchant.id, unique),
  ])
  const [products, orders] = await Promise.all([
    foodics.products.findAll(
      merchant.id,
      wants.product ? sales.map(({ productId }) => productId) : [],
    ),
    foodics.orders.findAll(merchant.id, wants.order ? sales.map(({ orderId }) => orderId) : []),
  ])
  const saleOf = byCard(sales)
  return new Map(
    [...cards].map(([id, card]) => {
      const sale = saleOf.get(id)
      const order = sale && orders.get(sale.orderId)
      const view: CardView = {
        card,
        sale,
        product: sale && products.get(sale.productId),
        order: order && { order, soldCardId: id },
      }
      return [id, view]
    }),
  )
}

/** Orders by id, with the cards they sold, and these cards' products, where these are wanted whole. */
export async function loadOrders(
  source: Source,
  ids: readonly bigint[],
  wants: { readonly card: boolean; readonly product: boolean },
): Promise<Map<bigint, OrderView>> {
  const orders = await source.services.foodics.orders.findAll(source.merchant.id, [...new Set(ids)])
  const views = await withSoldCards(source, [...orders.values()], wants)
  return new Map(views.map((view) => [view.order.id, view]))
}

/** The same for orders that were read already, in their order. */
export async function withSoldCards(
  source: Source,
  orders: readonly OrderView['order'][],
  wants: { readonly card: boolean; readonly product: boolean },
): Promise<OrderView[]> {
  const { services, merchant } = source
  const sales = await services.foodics.cards.salesOfOrders(
    merchant.id,
    orders.map(({ id }) => id),
  )
  const cardIds = wants.card ? sales.map(({ cardId }) => cardId) : []
  const cards = await loadCards(source, cardIds, { product: wants.product, order: false })
  const saleOf = byOrder(sales)
  return orders.map((order) => {
    const sale = saleOf.get(order.id)
    return { order, soldCardId: sale?.cardId, card: sale && cards.get(sale.cardId) }
  })
}
