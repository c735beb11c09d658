import type { Deps } from './deps.ts'
import { createFoodicsCards } from './foodics-cards.ts'
import { createOauth } from './foodics-oauth.ts'
import { createOrders } from './foodics-orders.ts'
import { createProducts } from './foodics-products.ts'
import { createTransactions } from './foodics-transactions.ts'

/** What the Foodics dialect alone needs; value moves through `book` as everywhere. */
export function createFoodics(deps: Deps) {
  return {
    cards: createFoodicsCards(deps),
    oauth: createOauth(deps),
    orders: createOrders(deps),
    products: createProducts(deps),
    transactions: createTransactions(deps),
  }
}
