import type { Product } from '../../../services/foodics-products.ts'
import { rawNumber } from '../../../wire/json.ts'
import { encodeId } from '../ids.ts'
import { encodeAmount, encodeStamp } from '../wire.ts'

/** JSON kept as text, to be written out with its numbers as they were spelled. */
export const storedJson = (text: string): unknown =>
  JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' ? rawNumber(context?.source ?? String(value)) : value,
  )

/** There is no category resource: of an unknown one only the id is known, and every key must be there. */
const encodeCategory = (id: string): unknown => ({
  id,
  name: id,
  name_localized: null,
  reference: null,
  image: null,
  created_at: null,
  updated_at: null,
  deleted_at: null,
})

/** A gift card product; `includes` adds its category and lists (specs/foodics.md 6.1). */
export function encodeProduct(
  product: Product,
  includes: ReadonlySet<string> = new Set(),
): unknown {
  return {
    id: encodeId('product', product.id),
    name: product.name,
    name_localized: product.nameLocalized ?? null,
    image: product.image ?? null,
    barcode: product.barcode ?? null,
    sku: product.sku,
    pricing_method: product.pricingMethod,
    price: product.price === undefined ? null : encodeAmount(product.price),
    is_active: product.isActive,
    category: includes.has('category')
      ? encodeCategory(product.categoryId)
      : { id: product.categoryId },
    ...(includes.has('branches') ? { branches: storedJson(product.branches) } : {}),
    ...(includes.has('tags') ? { tags: storedJson(product.tags) } : {}),
    ...(includes.has('groups') ? { groups: storedJson(product.groups) } : {}),
    created_at: encodeStamp(product.createdAt),
    updated_at: encodeStamp(product.updatedAt),
    deleted_at: product.deletedAt === undefined ? null : encodeStamp(product.deletedAt),
  }
}
