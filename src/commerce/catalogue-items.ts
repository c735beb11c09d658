import type { Queryable, Tx } from '../db/database.ts'
import type { Item, ItemFields } from './catalogue.ts'
import { fromRow, type Order, orderBy, type Page, type Row } from './catalogue-rows.ts'
import { variationsOf } from './catalogue-variations.ts'

/** Rows of items; an item is always read with its variations. */

type ItemRow = Omit<Item, 'variations'>

const selection = (sql: Queryable) => sql`
  id, event_id as "eventId", name, internal_name as "internalName", default_price as "defaultPrice",
  category_id as "categoryId", active, description, free_price as "freePrice", admission, position,
  available_from as "availableFrom", available_until as "availableUntil",
  require_voucher as "requireVoucher", hide_without_voucher as "hideWithoutVoucher",
  require_bundling as "requireBundling", allow_cancel as "allowCancel",
  min_per_order as "minPerOrder", max_per_order as "maxPerOrder", addons, bundles,
  issue_giftcard as "issueGiftcard"`

const columns = (sql: Queryable) => sql`
  name, internal_name, default_price, category_id, active, description, free_price, admission, position,
  available_from, available_until, require_voucher, hide_without_voucher, require_bundling,
  allow_cancel, min_per_order, max_per_order, addons, bundles, issue_giftcard`

const values = (sql: Queryable, item: ItemFields) => sql`
  ${sql.json(item.name)}, ${item.internalName ?? null}, ${item.defaultPrice},
  ${item.categoryId ?? null}, ${item.active}, ${item.description ? sql.json(item.description) : null},
  ${item.freePrice}, ${item.admission}, ${item.position}, ${item.availableFrom ?? null}::timestamptz,
  ${item.availableUntil ?? null}::timestamptz, ${item.requireVoucher}, ${item.hideWithoutVoucher},
  ${item.requireBundling}, ${item.allowCancel}, ${item.minPerOrder ?? null},
  ${item.maxPerOrder ?? null}, ${item.addons}, ${item.bundles}, ${item.issueGiftcard}`

export type ItemFilter = {
  readonly active?: boolean
  readonly admission?: boolean
  readonly freePrice?: boolean
  readonly categoryId?: bigint
}
export type ItemOrder = 'id' | 'position'

const matches = (sql: Queryable, { active, admission, freePrice, categoryId }: ItemFilter) => sql`
  ${active === undefined ? sql`` : sql`and active = ${active}`}
  ${admission === undefined ? sql`` : sql`and admission = ${admission}`}
  ${freePrice === undefined ? sql`` : sql`and free_price = ${freePrice}`}
  ${categoryId === undefined ? sql`` : sql`and category_id = ${categoryId}`}`

const ordering = (sql: Queryable, order: Order<ItemOrder>) =>
  orderBy(sql, order, { id: sql`id`, position: sql`position` }, sql`position, id`)

async function withVariations(
  sql: Queryable,
  merchantId: bigint,
  rows: readonly Row<ItemRow>[],
): Promise<Item[]> {
  const variations = await variationsOf(
    sql,
    merchantId,
    rows.map(({ id }) => id),
  )
  const byItem = Map.groupBy(variations, ({ itemId }) => itemId)
  return rows.map((row) => ({ ...fromRow<ItemRow>(row), variations: byItem.get(row.id) ?? [] }))
}

export async function findItem(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  id: bigint,
  filter: ItemFilter = {},
): Promise<Item | undefined> {
  const rows = await sql<Row<ItemRow>[]>`
    select ${selection(sql)} from ticket_items
    where merchant_id = ${merchantId} and event_id = ${eventId} and id = ${id} ${matches(sql, filter)}`
  const [item] = await withVariations(sql, merchantId, rows)
  return item
}

/**
 * The same, locked against everybody who sells it or changes it. Lock its quotas and vouchers first
 * if they are going to change.
 */
export async function lockItem(
  tx: Tx,
  merchantId: bigint,
  eventId: bigint,
  id: bigint,
  filter: ItemFilter = {},
): Promise<Item | undefined> {
  const [locked] = await tx`
    select 1 from ticket_items
    where merchant_id = ${merchantId} and event_id = ${eventId} and id = ${id} for update`
  return locked && findItem(tx, merchantId, eventId, id, filter)
}

export async function countItems(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  filter: ItemFilter,
): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int4 as count from ticket_items
    where merchant_id = ${merchantId} and event_id = ${eventId} ${matches(sql, filter)}`
  return row?.count ?? 0
}

export async function listItems(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  filter: ItemFilter,
  order: Order<ItemOrder>,
  { limit, offset }: Page,
): Promise<Item[]> {
  const rows = await sql<Row<ItemRow>[]>`
    select ${selection(sql)} from ticket_items
    where merchant_id = ${merchantId} and event_id = ${eventId} ${matches(sql, filter)}
    order by ${ordering(sql, order)} limit ${limit} offset ${offset}`
  return withVariations(sql, merchantId, rows)
}

export async function insertItem(
  tx: Tx,
  merchantId: bigint,
  { eventId, ref }: { readonly eventId: bigint; readonly ref?: string },
  item: ItemFields,
): Promise<bigint> {
  const [row] = await tx<{ id: bigint }[]>`
    insert into ticket_items (merchant_id, event_id, ref, ${columns(tx)})
    values (${merchantId}, ${eventId}, ${ref ?? null}, ${values(tx, item)}) returning id`
  return row?.id ?? 0n
}

export async function updateItem(
  tx: Tx,
  merchantId: bigint,
  id: bigint,
  item: ItemFields,
): Promise<void> {
  await tx`
    update ticket_items set (${columns(tx)}) = row(${values(tx, item)})
    where merchant_id = ${merchantId} and id = ${id}`
}

/** Takes an item away with its variations; nothing that was ordered may point to it. */
export async function deleteItem(tx: Tx, merchantId: bigint, id: bigint): Promise<void> {
  await tx`
    update ticket_seats set item_id = null where merchant_id = ${merchantId} and item_id = ${id}`
  await tx`delete from ticket_variations where merchant_id = ${merchantId} and item_id = ${id}`
  await tx`delete from ticket_items where merchant_id = ${merchantId} and id = ${id}`
}
