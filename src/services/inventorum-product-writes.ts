import type { Queryable, Tx } from '../db/database.ts'
import { type Decimal, formatShortest } from '../money/decimal.ts'
import type { Instant } from '../money/instant.ts'
import type { ProductDraft, References } from './inventorum-commands.ts'
import { deny, type ShopProblem } from './inventorum-problems.ts'
import { type ProductRow, toDecimal } from './inventorum-product-rows.ts'

/** Rows of products, written by the verbs in inventorum-products.ts. */

export async function insertProduct(
  tx: Tx,
  merchantId: bigint,
  draft: ProductDraft,
  net: Decimal,
  now: Instant,
): Promise<bigint> {
  const { template } = draft
  const [row] = await tx<{ id: bigint }[]>`
    insert into inventorum_products (merchant_id, name, description, tax_type_id, net, purchase_price,
      custom_price, product_code, ean, quantity, reorder_level, safety_stock, purpose, is_precoded,
      valid_until, valid_unit, valid_value, created_at, modified_at)
    values (${merchantId}, ${draft.name}, ${draft.description}, ${draft.taxTypeId},
      ${formatShortest(net)}::numeric, ${formatShortest(draft.purchasePrice)}::numeric,
      ${draft.customPrice}, ${draft.productCode ?? null}, ${draft.ean ?? null},
      ${formatShortest(draft.quantity)}::numeric, ${formatShortest(draft.reorderLevel)}::numeric,
      ${formatShortest(draft.safetyStock)}::numeric, ${template?.purpose ?? null},
      ${template?.isPrecoded ?? false}, ${template?.validUntil ?? null}::timestamptz,
      ${template?.validUnit ?? null}, ${template?.validValue ?? null}::int4,
      ${now}::timestamptz, ${now}::timestamptz)
    returning id`
  if (!row) throw new Error('a product without an id')
  return row.id
}

export async function updateProduct(
  tx: Tx,
  merchantId: bigint,
  product: ProductRow,
  now: Instant,
): Promise<void> {
  const { template } = product
  // The stock of a pre-coded template is counted, never stored.
  const quantity = template?.isPrecoded ? '0' : formatShortest(product.quantity)
  await tx`
    update inventorum_products set name = ${product.name}, description = ${product.description},
      tax_type_id = ${product.taxTypeId}, net = ${formatShortest(product.net)}::numeric,
      purchase_price = ${formatShortest(product.purchasePrice)}::numeric,
      custom_price = ${product.customPrice}, product_code = ${product.productCode ?? null},
      ean = ${product.ean ?? null}, quantity = ${quantity}::numeric,
      reorder_level = ${formatShortest(product.reorderLevel)}::numeric,
      safety_stock = ${formatShortest(product.safetyStock)}::numeric,
      valid_until = ${template?.validUntil ?? null}::timestamptz,
      valid_unit = ${template?.validUnit ?? null}, valid_value = ${template?.validValue ?? null}::int4,
      modified_at = ${now}::timestamptz
    where merchant_id = ${merchantId} and id = ${product.id}`
}

/** Replaces the set; a repetition counts once. */
export async function writeCategories(
  tx: Tx,
  merchantId: bigint,
  productId: bigint,
  ids: readonly bigint[],
): Promise<void> {
  await tx`
    delete from inventorum_product_categories where merchant_id = ${merchantId} and product_id = ${productId}`
  await tx`
    insert into inventorum_product_categories (merchant_id, product_id, category_id, position)
    select ${merchantId}, ${productId}, id, min(position) from unnest(${ids as bigint[]}::int8[])
      with ordinality as c (id, position)
    group by id`
}

/** Replaces the list, in its order. */
export async function writeImages(
  tx: Tx,
  merchantId: bigint,
  productId: bigint,
  ids: readonly bigint[],
): Promise<void> {
  await tx`
    delete from inventorum_product_images where merchant_id = ${merchantId} and product_id = ${productId}`
  await tx`
    insert into inventorum_product_images (merchant_id, product_id, position, image_id)
    select ${merchantId}, ${productId}, position, id from unnest(${ids as bigint[]}::int8[])
      with ordinality as i (id, position)`
}

/** The rate of a tax type, which cannot change until this transaction ends. */
export async function lockRate(tx: Tx, merchantId: bigint, id: bigint): Promise<Decimal> {
  const [row] = await tx<{ rate: string }[]>`
    select rate from inventorum_tax_types where merchant_id = ${merchantId} and id = ${id} for share`
  return row ? toDecimal(row.rate) : deny({ code: 'unknown', what: 'tax_type', id: id.toString() })
}

/** Which of the ids that a body names do not exist, in its order. */
export async function unknownReferences(
  sql: Queryable,
  merchantId: bigint,
  { taxTypeId, categoryIds = [], imageIds = [] }: References,
): Promise<readonly ShopProblem[]> {
  const [taxTypes, categories, images] = await Promise.all([
    known(sql, 'inventorum_tax_types', merchantId, taxTypeId === undefined ? [] : [taxTypeId]),
    known(sql, 'inventorum_categories', merchantId, categoryIds),
    known(
      sql,
      'inventorum_images',
      merchantId,
      imageIds.map((id) => id && size(id)),
    ),
  ])
  const problems: ShopProblem[] = []
  if (taxTypeId !== undefined && !taxTypes.has(taxTypeId))
    problems.push({ code: 'unknown', what: 'tax_type', id: taxTypeId.toString() })
  const look = (
    list: 'categories' | 'images',
    ids: References['imageIds'] & {},
    found: Set<bigint>,
  ) =>
    ids.forEach((id, index) => {
      if (id === undefined || found.has(list === 'images' ? size(id) : id)) return
      const place = { index, of: ids.length }
      problems.push({ code: 'unknown_element', list, place, id: id.toString() })
    })
  look('categories', categoryIds, categories)
  look('images', imageIds, images)
  return problems
}

/** Products carry their images by negated ids. */
const size = (id: bigint): bigint => (id < 0n ? -id : id)

async function known(
  sql: Queryable,
  table: 'inventorum_tax_types' | 'inventorum_categories' | 'inventorum_images',
  merchantId: bigint,
  ids: readonly (bigint | undefined)[],
): Promise<Set<bigint>> {
  const asked = ids.filter((id) => id !== undefined)
  if (asked.length === 0) return new Set()
  // Locked, so that a category that is found cannot go before the product refers to it.
  const rows = await sql<{ id: bigint }[]>`
    select id from ${sql(table)} where merchant_id = ${merchantId} and id = any(${asked}) for key share`
  return new Set(rows.map(({ id }) => id))
}
