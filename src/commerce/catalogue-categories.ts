import type { Queryable, Tx } from '../db/database.ts'
import type { Category, CategoryFields } from './catalogue.ts'
import { fromRow, type Order, orderBy, type Page, type Row } from './catalogue-rows.ts'

/** Rows of categories. */

const selection = (sql: Queryable) => sql`
  id, event_id as "eventId", name, internal_name as "internalName", description, position,
  is_addon as "isAddon"`

const columns = (sql: Queryable) => sql`name, internal_name, description, position, is_addon`

const values = (sql: Queryable, category: CategoryFields) => sql`
  ${sql.json(category.name)}, ${category.internalName ?? null},
  ${category.description ? sql.json(category.description) : null}, ${category.position},
  ${category.isAddon}`

export type CategoryOrder = 'id' | 'position'

const ordering = (sql: Queryable, order: Order<CategoryOrder>) =>
  orderBy(sql, order, { id: sql`id`, position: sql`position` }, sql`position, id`)

export async function findCategory(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  id: bigint,
): Promise<Category | undefined> {
  const [row] = await sql<Row<Category>[]>`
    select ${selection(sql)} from ticket_categories
    where merchant_id = ${merchantId} and event_id = ${eventId} and id = ${id}`
  return row && fromRow<Category>(row)
}

/** The same, locked for a change. */
export async function lockCategory(
  tx: Tx,
  merchantId: bigint,
  eventId: bigint,
  id: bigint,
): Promise<Category | undefined> {
  const [row] = await tx<Row<Category>[]>`
    select ${selection(tx)} from ticket_categories
    where merchant_id = ${merchantId} and event_id = ${eventId} and id = ${id} for update`
  return row && fromRow<Category>(row)
}

export async function countCategories(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int4 as count from ticket_categories
    where merchant_id = ${merchantId} and event_id = ${eventId}`
  return row?.count ?? 0
}

export async function listCategories(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  order: Order<CategoryOrder>,
  { limit, offset }: Page,
): Promise<Category[]> {
  const rows = await sql<Row<Category>[]>`
    select ${selection(sql)} from ticket_categories
    where merchant_id = ${merchantId} and event_id = ${eventId}
    order by ${ordering(sql, order)} limit ${limit} offset ${offset}`
  return rows.map((row) => fromRow<Category>(row))
}

export async function insertCategory(
  tx: Tx,
  merchantId: bigint,
  eventId: bigint,
  category: CategoryFields,
): Promise<bigint> {
  const [row] = await tx<{ id: bigint }[]>`
    insert into ticket_categories (merchant_id, event_id, ${columns(tx)})
    values (${merchantId}, ${eventId}, ${values(tx, category)}) returning id`
  return row?.id ?? 0n
}

export async function updateCategory(
  tx: Tx,
  merchantId: bigint,
  id: bigint,
  category: CategoryFields,
): Promise<void> {
  await tx`
    update ticket_categories set (${columns(tx)}) = row(${values(tx, category)})
    where merchant_id = ${merchantId} and id = ${id}`
}

/** Takes a category away; its items stay and have none. */
export async function deleteCategory(tx: Tx, merchantId: bigint, id: bigint): Promise<void> {
  await tx`
    update ticket_items set category_id = null where merchant_id = ${merchantId} and category_id = ${id}`
  await tx`delete from ticket_categories where merchant_id = ${merchantId} and id = ${id}`
}
