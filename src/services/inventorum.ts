import { createCheckout } from './checkout.ts'
import type { Deps } from './deps.ts'
import { createBaskets } from './inventorum-baskets.ts'
import { createCategories } from './inventorum-categories.ts'
import { createImages } from './inventorum-images.ts'
import { createIssued } from './inventorum-issued.ts'
import { createOrderViews } from './inventorum-order-views.ts'
import { createPrecoded } from './inventorum-precoded.ts'
import { createProductViews } from './inventorum-product-views.ts'
import { createProducts } from './inventorum-products.ts'
import { createReceipts } from './inventorum-receipts.ts'
import { createRefunds } from './inventorum-refunds.ts'
import { createTaxes } from './inventorum-taxes.ts'

/** The shop around Inventorum's gift cards. */
export function createInventorum(deps: Deps) {
  return {
    baskets: createBaskets(deps),
    categories: createCategories(deps),
    images: createImages(deps),
    issued: createIssued(deps),
    orders: createOrderViews(deps),
    pay: createCheckout(deps),
    precoded: createPrecoded(deps),
    products: createProducts(deps),
    productViews: createProductViews(deps),
    receipts: createReceipts(deps),
    refund: createRefunds(deps),
    taxes: createTaxes(deps),
  }
}
