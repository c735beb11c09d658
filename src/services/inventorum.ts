import { createCheckout } from './checkout.ts'
import type { Deps } from './deps.ts'
import { createBaskets } from './inventorum-baskets.ts'
import { createCategories } from './inventorum-categories.ts'
import { createOrderViews } from './inventorum-order-views.ts'
import { createPrecoded } from './inventorum-precoded.ts'
import { createProductViews } from './inventorum-product-views.ts'
import { createProducts } from './inventorum-products.ts'
import { createRefunds } from './inventorum-refunds.ts'
import { createTaxes } from './inventorum-taxes.ts'

/** The shop around Inventorum's gift cards. */
export function createInventorum(deps: Deps) {
  return {
    baskets: createBaskets(deps),
    categories: createCategories(deps),
    orders: createOrderViews(deps),
    pay: createCheckout(deps),
    precoded: createPrecoded(deps),
    products: createProducts(deps),
    productViews: createProductViews(deps),
    refund: createRefunds(deps),
    taxes: createTaxes(deps),
  }
}
