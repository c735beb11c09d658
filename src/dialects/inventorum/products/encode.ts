import type { ImageReference, Product } from '../../../services/inventorum-product-views.ts'
import { fixed2, fixed10, id, shortest, utcZulu } from '../wire.ts'

/** Products as clients see them: a full shape and a compact one (specs/inventorum.md 2.1, 2.2, 11.2). */

/** Files of one image; all of them serve the same bytes (specs/inventorum.md 11.5). */
const RENDITIONS = ['ipad', 'thumb', 'image', 'ipad_retina', 'ebay', 'thumb_retina', 'original']
const FOLDERS = ['product', 'account', 'user', 'category']

/** The seven addresses of an image. */
export function encodeImageUrls(
  { opaque, extension, type }: ImageReference,
  accountId: bigint,
  base: string,
): Record<string, string> {
  const folder = `${base}/uploads/${accountId}/${FOLDERS[type] ?? 'product'}`
  return Object.fromEntries(
    RENDITIONS.map((name) => [
      name,
      `${folder}/${opaque}.${name === 'image' ? 'ipad' : name}.${extension}`,
    ]),
  )
}

/** Products carry their images by negated ids (specs/inventorum.md 13, 17). */
const encodeImages = ({ images }: Product, accountId: bigint, base: string) =>
  images.map((image) => ({
    ...encodeImageUrls(image, accountId, base),
    new: true,
    id: -id(image.id),
  }))

/** A template's validity and type; `dateText` repeats the date as it was just submitted. */
function encodeTemplate({ template }: Product, dateText?: string) {
  if (!template) return undefined
  const { validUntil, validUnit, validValue } = template
  return {
    valid_until_value: validValue ?? null,
    valid_until_unit: validUnit,
    valid_until_date: dateText ?? (validUntil === undefined ? null : utcZulu(validUntil)),
    valid_products: null,
    valid_categories: null,
    accounts: null,
    is_precoded: template.isPrecoded,
    type: template.purpose === 'single' ? 'single-purpose' : 'multi-purpose',
  }
}

/** A number that is safe as a JSON number too; it follows from the id. */
const inventoryId = (product: Product): bigint => 4_100_000_000_000n + product.id

export type Shown = { readonly accountId: bigint; readonly base: string }

/** Every key, always; a new product has its id of the inventory as text. */
export function encodeProduct(
  product: Product,
  { accountId, base }: Shown,
  { isNew = false, dateText }: { readonly isNew?: boolean; readonly dateText?: string } = {},
) {
  const images = encodeImages(product, accountId, base)
  const isGiftCard = product.template !== undefined
  return {
    ...(isGiftCard ? { giftcard_template: encodeTemplate(product, dateText) } : {}),
    attributes: {},
    name: product.name,
    id: id(product.id),
    quantity: fixed2(product.quantity),
    reorder_level: fixed2(product.reorderLevel),
    safety_stock: fixed2(product.safetyStock),
    price: isGiftCard && isNew ? shortest(product.net) : fixed10(product.net),
    tax_type: id(product.taxTypeId),
    custom_price: product.customPrice,
    ebay_product_id: null,
    ebay_url: null,
    in_shop: false,
    shop_url: null,
    thumbnail: images[0] ?? null,
    variation_count: 0,
    variations: [],
    average_purchase_price: '0',
    description: product.description,
    product_code: product.productCode ?? null,
    ean: product.ean ?? null,
    categories: encodeCategories(product),
    images,
    custom_sale: false,
    shipping_services: [],
    is_favourite: false,
    brand: '',
    supplier: '',
    meta: {},
    is_giftcard: isGiftCard,
    gross_price: fixed2(product.gross),
    purchase_price: shortest(product.purchasePrice),
    states: [],
    attributes_str: '',
    inv_id: isNew ? inventoryId(product).toString() : id(inventoryId(product)),
    package_size_value: null,
    package_size_unit: null,
    base_price: null,
    base_size_value: null,
    base_size_unit: null,
    recommended_price: null,
    type: isGiftCard ? 'gift_card' : 'product',
    source: null,
    external_id: null,
  }
}

/** The fifteen keys of lists and later reads; right after a change the price has its shortest form. */
export function encodeCompact(
  product: Product,
  { accountId, base }: Shown,
  { isChanged = false }: { readonly isChanged?: boolean } = {},
) {
  return {
    id: id(product.id),
    name: product.name,
    description: product.description,
    quantity: fixed2(product.quantity),
    price: isChanged ? shortest(product.net) : fixed10(product.net),
    purchase_price: shortest(product.purchasePrice),
    gross_price: fixed2(product.gross),
    custom_price: product.customPrice,
    tax_type: id(product.taxTypeId),
    product_code: product.productCode ?? null,
    ean: product.ean ?? null,
    inv_id: id(inventoryId(product)),
    giftcard_template: encodeTemplate(product),
    categories: encodeCategories(product),
    images: encodeImages(product, accountId, base),
  }
}

const encodeCategories = ({ categories }: Product) =>
  categories.map((category) => ({ id: id(category.id), hint: category.hint, name: category.name }))
