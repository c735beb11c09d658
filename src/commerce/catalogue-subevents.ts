import type { Queryable, Tx } from '../db/database.ts'
import type { Override, Subevent, SubeventFields } from './catalogue.ts'
import { fromRow, type Order, orderBy, type Page, type Row } from './catalogue-rows.ts'

/** Rows of the dates of a series; a date is always read with what it changes about products. */

type SubeventRow = Omit<Subevent, 'itemOverrides' | 'variationOverrides'>
type OverrideRow = Override & { readonly subeventId: bigint }

const selection = (sql: Queryable) => sql`
  id, event_id as "eventId", name, active, is_public as "isPublic", date_from as "dateFrom",
  date_to as "dateTo", date_admission as "dateAdmission", presale_start as "presaleStart",
  presale_end as "presaleEnd", location, seating_plan as "seatingPlan",
  seat_category_mapping as "seatCategoryMapping", meta_data as "metaData"`

const columns = (sql: Queryable) => sql`
  name, active, is_public, date_from, date_to, date_admission, presale_start, presale_end, location,
  seating_plan, seat_category_mapping, meta_data`

const values = (sql: Queryable, date: SubeventFields) => sql`
  ${sql.json(date.name)}, ${date.active}, ${date.isPublic}, ${date.dateFrom}::timestamptz,
  ${date.dateTo ?? null}::timestamptz, ${date.dateAdmission ?? null}::timestamptz,
  ${date.presaleStart ?? null}::timestamptz, ${date.presaleEnd ?? null}::timestamptz,
  ${date.location ? sql.json(date.location) : null}, ${date.seatingPlan ?? null},
  ${date.seatCategoryMapping}, ${date.metaData}`

export type SubeventFilter = { readonly active?: boolean; readonly isPublic?: boolean }
export type SubeventOrder = 'id' | 'date_from'

const matches = (sql: Queryable, { active, isPublic }: SubeventFilter) => sql`
  ${active === undefined ? sql`` : sql`and active = ${active}`}
  ${isPublic === undefined ? sql`` : sql`and is_public = ${isPublic}`}`

const ordering = (sql: Queryable, order: Order<SubeventOrder>) =>
  orderBy(sql, order, { id: sql`id`, date_from: sql`date_from` }, sql`date_from, id`)

async function withOverrides(
  sql: Queryable,
  merchantId: bigint,
  rows: readonly Row<SubeventRow>[],
): Promise<Subevent[]> {
  if (rows.length === 0) return []
  const ids = rows.map(({ id }) => id)
  const items = await sql<Row<OverrideRow>[]>`
    select subevent_id as "subeventId", item_id as id, price, disabled,
      available_from as "availableFrom", available_until as "availableUntil"
    from ticket_subevent_items
    where merchant_id = ${merchantId} and subevent_id = any(${ids}::int8[]) order by item_id`
  const variations = await sql<Row<OverrideRow>[]>`
    select subevent_id as "subeventId", variation_id as id, price, disabled,
      available_from as "availableFrom", available_until as "availableUntil"
    from ticket_subevent_variations
    where merchant_id = ${merchantId} and subevent_id = any(${ids}::int8[]) order by variation_id`
  const itemsByDate = Map.groupBy(items, ({ subeventId }) => subeventId)
  const variationsByDate = Map.groupBy(variations, ({ subeventId }) => subeventId)
  return rows.map((row) => ({
    ...fromRow<SubeventRow>(row),
    itemOverrides: (itemsByDate.get(row.id) ?? []).map((one) => fromRow<OverrideRow>(one)),
    variationOverrides: (variationsByDate.get(row.id) ?? []).map((one) =>
      fromRow<OverrideRow>(one),
    ),
  }))
}

export async function findSubevent(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  id: bigint,
  filter: SubeventFilter = {},
): Promise<Subevent | undefined> {
  const rows = await sql<Row<SubeventRow>[]>`
    select ${selection(sql)} from ticket_subevents
    where merchant_id = ${merchantId} and event_id = ${eventId} and id = ${id} ${matches(sql, filter)}`
  const [date] = await withOverrides(sql, merchantId, rows)
  return date
}

/** The same, locked for a change. */
export async function lockSubevent(
  tx: Tx,
  merchantId: bigint,
  eventId: bigint,
  id: bigint,
  filter: SubeventFilter = {},
): Promise<Subevent | undefined> {
  const [locked] = await tx`
    select 1 from ticket_subevents
    where merchant_id = ${merchantId} and event_id = ${eventId} and id = ${id} for update`
  return locked && findSubevent(tx, merchantId, eventId, id, filter)
}

export async function countSubevents(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  filter: SubeventFilter,
): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int4 as count from ticket_subevents
    where merchant_id = ${merchantId} and event_id = ${eventId} ${matches(sql, filter)}`
  return row?.count ?? 0
}

export async function listSubevents(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  filter: SubeventFilter,
  order: Order<SubeventOrder>,
  { limit, offset }: Page,
): Promise<Subevent[]> {
  const rows = await sql<Row<SubeventRow>[]>`
    select ${selection(sql)} from ticket_subevents
    where merchant_id = ${merchantId} and event_id = ${eventId} ${matches(sql, filter)}
    order by ${ordering(sql, order)} limit ${limit} offset ${offset}`
  return withOverrides(sql, merchantId, rows)
}

export async function insertSubevent(
  tx: Tx,
  merchantId: bigint,
  { eventId, ref }: { readonly eventId: bigint; readonly ref?: string },
  date: SubeventFields,
): Promise<bigint> {
  const [row] = await tx<{ id: bigint }[]>`
    insert into ticket_subevents (merchant_id, event_id, ref, ${columns(tx)})
    values (${merchantId}, ${eventId}, ${ref ?? null}, ${values(tx, date)}) returning id`
  const id = row?.id ?? 0n
  await writeOverrides(tx, merchantId, id, date)
  return id
}

export async function updateSubevent(
  tx: Tx,
  merchantId: bigint,
  id: bigint,
  date: SubeventFields,
): Promise<void> {
  await tx`
    update ticket_subevents set (${columns(tx)}) = row(${values(tx, date)})
    where merchant_id = ${merchantId} and id = ${id}`
  await tx`delete from ticket_subevent_items where merchant_id = ${merchantId} and subevent_id = ${id}`
  await tx`
    delete from ticket_subevent_variations where merchant_id = ${merchantId} and subevent_id = ${id}`
  await writeOverrides(tx, merchantId, id, date)
}

/** Writes both lists; a product that is named twice keeps its last row. */
async function writeOverrides(
  tx: Tx,
  merchantId: bigint,
  id: bigint,
  { itemOverrides, variationOverrides }: SubeventFields,
): Promise<void> {
  for (const row of lastOfEach(itemOverrides))
    await tx`
      insert into ticket_subevent_items
        (merchant_id, subevent_id, item_id, price, disabled, available_from, available_until)
      values (${merchantId}, ${id}, ${row.id}, ${row.price ?? null}, ${row.disabled},
        ${row.availableFrom ?? null}::timestamptz, ${row.availableUntil ?? null}::timestamptz)`
  for (const row of lastOfEach(variationOverrides))
    await tx`
      insert into ticket_subevent_variations
        (merchant_id, subevent_id, variation_id, price, disabled, available_from, available_until)
      values (${merchantId}, ${id}, ${row.id}, ${row.price ?? null}, ${row.disabled},
        ${row.availableFrom ?? null}::timestamptz, ${row.availableUntil ?? null}::timestamptz)`
}

const lastOfEach = (rows: readonly Override[]): Iterable<Override> =>
  new Map(rows.map((row) => [row.id, row])).values()

/** Takes a date away with its seats; no order, voucher or quota may point to it. */
export async function deleteSubevent(tx: Tx, merchantId: bigint, id: bigint): Promise<void> {
  await tx`delete from ticket_seats where merchant_id = ${merchantId} and subevent_id = ${id}`
  await tx`delete from ticket_subevents where merchant_id = ${merchantId} and id = ${id}`
}

/** Whether a voucher or a quota is for this date. */
export async function isSubeventInUse(tx: Tx, merchantId: bigint, id: bigint): Promise<boolean> {
  const rows = await tx`
    select 1 from voucher_tallies where merchant_id = ${merchantId} and subevent_id = ${id} and count > 0
    union all select 1 from ticket_quotas where merchant_id = ${merchantId} and subevent_id = ${id} limit 1`
  return rows.length > 0
}
