import type { Queryable, Tx } from '../db/database.ts'
import type { Variation, VariationFields } from './catalogue.ts'
import { fromRow, type Order, orderBy, type Page, type Row } from './catalogue-rows.ts'

/** Rows of variations. */

const selection = (sql: Queryable) => sql`
  id, item_id as "itemId", value, default_price as "defaultPrice", active, description, position,
  hide_without_voucher as "hideWithoutVoucher"`

const columns = (sql: Queryable) => sql`
  value, default_price, active, description, position, hide_without_voucher`

const values = (sql: Queryable, variation: VariationFields) => sql`
  ${sql.json(variation.value)}, ${variation.defaultPrice ?? null}, ${variation.active},
  ${variation.description ? sql.json(variation.description) : null}, ${variation.position},
  ${variation.hideWithoutVoucher}`

export type VariationFilter = { readonly active?: boolean }
export type VariationOrder = 'id' | 'position'

const matches = (sql: Queryable, { active }: VariationFilter) =>
  active === undefined ? sql`` : sql`and active = ${active}`

const ordering = (sql: Queryable, order: Order<VariationOrder>) =>
  orderBy(sql, order, { id: sql`id`, position: sql`position` }, sql`position, id`)

/** All variations of some items, in the order in which they are shown. */
export async function variationsOf(
  sql: Queryable,
  merchantId: bigint,
  itemIds: readonly bigint[],
): Promise<Variation[]> {
  if (itemIds.length === 0) return []
  const rows = await sql<Row<Variation>[]>`
    select ${selection(sql)} from ticket_variations
    where merchant_id = ${merchantId} and item_id = any(${[...itemIds]}::int8[])
    order by item_id, position, id`
  return rows.map((row) => fromRow<Variation>(row))
}

export async function findVariation(
  sql: Queryable,
  merchantId: bigint,
  itemId: bigint,
  id: bigint,
  filter: VariationFilter = {},
): Promise<Variation | undefined> {
  const [row] = await sql<Row<Variation>[]>`
    select ${selection(sql)} from ticket_variations
    where merchant_id = ${merchantId} and item_id = ${itemId} and id = ${id} ${matches(sql, filter)}`
  return row && fromRow<Variation>(row)
}

export async function countVariations(
  sql: Queryable,
  merchantId: bigint,
  itemId: bigint,
  filter: VariationFilter,
): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int4 as count from ticket_variations
    where merchant_id = ${merchantId} and item_id = ${itemId} ${matches(sql, filter)}`
  return row?.count ?? 0
}

export async function listVariations(
  sql: Queryable,
  merchantId: bigint,
  itemId: bigint,
  filter: VariationFilter,
  order: Order<VariationOrder>,
  { limit, offset }: Page,
): Promise<Variation[]> {
  const rows = await sql<Row<Variation>[]>`
    select ${selection(sql)} from ticket_variations
    where merchant_id = ${merchantId} and item_id = ${itemId} ${matches(sql, filter)}
    order by ${ordering(sql, order)} limit ${limit} offset ${offset}`
  return rows.map((row) => fromRow<Variation>(row))
}

export async function insertVariation(
  tx: Tx,
  merchantId: bigint,
  {
    eventId,
    itemId,
    ref,
  }: { readonly eventId: bigint; readonly itemId: bigint; readonly ref?: string },
  variation: VariationFields,
): Promise<bigint> {
  const [row] = await tx<{ id: bigint }[]>`
    insert into ticket_variations (merchant_id, event_id, item_id, ref, ${columns(tx)})
    values (${merchantId}, ${eventId}, ${itemId}, ${ref ?? null}, ${values(tx, variation)}) returning id`
  return row?.id ?? 0n
}

export async function updateVariation(
  tx: Tx,
  merchantId: bigint,
  id: bigint,
  variation: VariationFields,
): Promise<void> {
  await tx`
    update ticket_variations set (${columns(tx)}) = row(${values(tx, variation)})
    where merchant_id = ${merchantId} and id = ${id}`
}

export async function deleteVariation(tx: Tx, merchantId: bigint, id: bigint): Promise<void> {
  await tx`delete from ticket_variations where merchant_id = ${merchantId} and id = ${id}`
}
