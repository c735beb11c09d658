import type { Queryable, Tx } from '../db/database.ts'
import type { Event, EventFields } from './catalogue.ts'
import { fromRow, type Order, orderBy, type Page, type Row } from './catalogue-rows.ts'

/** Rows of events. */

const selection = (sql: Queryable) => sql`
  id, slug, name, currency, date_from as "dateFrom", date_to as "dateTo",
  date_admission as "dateAdmission", presale_start as "presaleStart", presale_end as "presaleEnd",
  live, testmode, is_public as "isPublic", has_subevents as "hasSubevents", location,
  meta_data as "metaData", seating_plan as "seatingPlan",
  seat_category_mapping as "seatCategoryMapping", timezone, plugins`

const columns = (sql: Queryable) => sql`
  slug, name, currency, date_from, date_to, date_admission, presale_start, presale_end, live, testmode,
  is_public, has_subevents, location, meta_data, seating_plan, seat_category_mapping, timezone, plugins`

const values = (sql: Queryable, event: EventFields) => sql`
  ${event.slug}, ${sql.json(event.name)}, ${event.currency}, ${event.dateFrom}::timestamptz,
  ${event.dateTo ?? null}::timestamptz, ${event.dateAdmission ?? null}::timestamptz,
  ${event.presaleStart ?? null}::timestamptz, ${event.presaleEnd ?? null}::timestamptz,
  ${event.live}, ${event.testmode}, ${event.isPublic}, ${event.hasSubevents},
  ${event.location ? sql.json(event.location) : null}, ${event.metaData}, ${event.seatingPlan ?? null},
  ${event.seatCategoryMapping}, ${event.timezone}, ${event.plugins}`

export type EventFilter = {
  readonly live?: boolean
  readonly isPublic?: boolean
  readonly hasSubevents?: boolean
  /** Slugs the caller is limited to. */
  readonly among?: readonly string[]
}
export type EventOrder = 'slug' | 'date_from'

const matches = (sql: Queryable, { live, isPublic, hasSubevents, among }: EventFilter) => sql`
  ${live === undefined ? sql`` : sql`and live = ${live}`}
  ${isPublic === undefined ? sql`` : sql`and is_public = ${isPublic}`}
  ${hasSubevents === undefined ? sql`` : sql`and has_subevents = ${hasSubevents}`}
  ${among === undefined ? sql`` : sql`and slug = any(${[...among]}::text[])`}`

const ordering = (sql: Queryable, order: Order<EventOrder>) =>
  orderBy(
    sql,
    order,
    { slug: sql`slug collate "C"`, date_from: sql`date_from` },
    sql`slug collate "C"`,
  )

/** One event by its slug; undefined if the merchant has none, or it is none that `filter` takes. */
export async function findEvent(
  sql: Queryable,
  merchantId: bigint,
  slug: string,
  filter: EventFilter = {},
): Promise<Event | undefined> {
  const [row] = await sql<Row<Event>[]>`
    select ${selection(sql)} from ticket_events
    where merchant_id = ${merchantId} and slug = ${slug} ${matches(sql, filter)}`
  return row && fromRow<Event>(row)
}

/** The same, locked: before quotas, vouchers and all else that belongs to it. */
export async function lockEvent(
  tx: Tx,
  merchantId: bigint,
  id: bigint,
): Promise<Event | undefined> {
  const [row] = await tx<Row<Event>[]>`
    select ${selection(tx)} from ticket_events where merchant_id = ${merchantId} and id = ${id} for update`
  return row && fromRow<Event>(row)
}

export async function countEvents(
  sql: Queryable,
  merchantId: bigint,
  filter: EventFilter,
): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int4 as count from ticket_events
    where merchant_id = ${merchantId} ${matches(sql, filter)}`
  return row?.count ?? 0
}

export async function listEvents(
  sql: Queryable,
  merchantId: bigint,
  filter: EventFilter,
  order: Order<EventOrder>,
  { limit, offset }: Page,
): Promise<Event[]> {
  const rows = await sql<Row<Event>[]>`
    select ${selection(sql)} from ticket_events
    where merchant_id = ${merchantId} ${matches(sql, filter)}
    order by ${ordering(sql, order)} limit ${limit} offset ${offset}`
  return rows.map((row) => fromRow<Event>(row))
}

/** Adds an event; undefined if another one has its slug. */
export async function insertEvent(
  tx: Tx,
  merchantId: bigint,
  event: EventFields,
): Promise<Event | undefined> {
  const [row] = await tx<{ id: bigint }[]>`
    insert into ticket_events (merchant_id, ${columns(tx)}) values (${merchantId}, ${values(tx, event)})
    on conflict (merchant_id, slug) do nothing returning id`
  return row && { ...event, id: row.id }
}

export async function updateEvent(
  tx: Tx,
  merchantId: bigint,
  id: bigint,
  event: EventFields,
): Promise<void> {
  await tx`
    update ticket_events set (${columns(tx)}) = row(${values(tx, event)})
    where merchant_id = ${merchantId} and id = ${id}`
}

/** Whether anything was ever sold for it, or could be with a voucher. */
export async function isEventInUse(tx: Tx, merchantId: bigint, id: bigint): Promise<boolean> {
  const rows = await tx`
    select 1 from ticket_orders where merchant_id = ${merchantId} and event_id = ${id}
    union all select 1 from vouchers where merchant_id = ${merchantId} and event_id = ${id} limit 1`
  return rows.length > 0
}

/** Takes an event away with everything it sells; it may have neither orders nor vouchers. */
export async function deleteEvent(tx: Tx, merchantId: bigint, id: bigint): Promise<void> {
  await tx`delete from voucher_tallies where merchant_id = ${merchantId} and event_id = ${id}`
  await tx`delete from ticket_seats where merchant_id = ${merchantId} and event_id = ${id}`
  await tx`delete from ticket_quotas where merchant_id = ${merchantId} and event_id = ${id}`
  await tx`delete from ticket_variations where merchant_id = ${merchantId} and event_id = ${id}`
  await tx`delete from ticket_items where merchant_id = ${merchantId} and event_id = ${id}`
  await tx`delete from ticket_categories where merchant_id = ${merchantId} and event_id = ${id}`
  await tx`delete from ticket_subevents where merchant_id = ${merchantId} and event_id = ${id}`
  await tx`delete from ticket_events where merchant_id = ${merchantId} and id = ${id}`
}
