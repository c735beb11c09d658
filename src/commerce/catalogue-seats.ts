import type { Queryable, Tx } from '../db/database.ts'
import type { Instant } from '../money/instant.ts'
import type { Seat } from './catalogue.ts'
import { fromRow, type Page, type Row } from './catalogue-rows.ts'

/** Rows of seats, each with whoever has it at `now`. */

/** The seats of an event, or of one date of a series. */
export type SeatPlace = { readonly eventId: bigint; readonly subeventId: bigint | undefined }

export type SeatFilter = {
  readonly zoneName?: string
  readonly rowName?: string
  readonly rowLabel?: string
  readonly seatNumber?: string
  readonly seatLabel?: string
  readonly guid?: string
  readonly blocked?: boolean
}

const selection = (sql: Queryable, now: Instant) => sql`
  s.id, s.event_id as "eventId", s.subevent_id as "subeventId", s.zone_name as "zoneName",
  s.row_name as "rowName", s.row_label as "rowLabel", s.seat_number as "seatNumber",
  s.seat_label as "seatLabel", s.seat_guid as guid, s.item_id as "itemId", s.blocked,
  (select p.id from ticket_positions p
    where p.merchant_id = s.merchant_id and p.seat_id = s.id and p.holds in ('n', 'p') limit 1)
    as "orderPositionId",
  (select v.id from vouchers v
    where v.merchant_id = s.merchant_id and v.seat_id = s.id and v.redeemed < v.max_usages
      and (v.valid_until is null or v.valid_until >= ${now}::timestamptz) order by v.id limit 1)
    as "voucherId"`

const matches = (sql: Queryable, { eventId, subeventId }: SeatPlace, filter: SeatFilter) => sql`
  and s.event_id = ${eventId} and s.subevent_id is not distinct from ${subeventId ?? null}::int8
  ${filter.zoneName === undefined ? sql`` : sql`and s.zone_name = ${filter.zoneName}`}
  ${filter.rowName === undefined ? sql`` : sql`and s.row_name = ${filter.rowName}`}
  ${filter.rowLabel === undefined ? sql`` : sql`and s.row_label = ${filter.rowLabel}`}
  ${filter.seatNumber === undefined ? sql`` : sql`and s.seat_number = ${filter.seatNumber}`}
  ${filter.seatLabel === undefined ? sql`` : sql`and s.seat_label = ${filter.seatLabel}`}
  ${filter.guid === undefined ? sql`` : sql`and s.seat_guid = ${filter.guid}`}
  ${filter.blocked === undefined ? sql`` : sql`and s.blocked = ${filter.blocked}`}`

export async function findSeat(
  sql: Queryable,
  merchantId: bigint,
  place: SeatPlace,
  id: bigint,
  filter: SeatFilter,
  now: Instant,
): Promise<Seat | undefined> {
  const [row] = await sql<Row<Seat>[]>`
    select ${selection(sql, now)} from ticket_seats s
    where s.merchant_id = ${merchantId} and s.id = ${id} ${matches(sql, place, filter)}`
  return row && fromRow<Seat>(row)
}

export async function countSeats(
  sql: Queryable,
  merchantId: bigint,
  place: SeatPlace,
  filter: SeatFilter,
): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int4 as count from ticket_seats s
    where s.merchant_id = ${merchantId} ${matches(sql, place, filter)}`
  return row?.count ?? 0
}

export async function listSeats(
  sql: Queryable,
  merchantId: bigint,
  place: SeatPlace,
  filter: SeatFilter,
  { limit, offset }: Page,
  now: Instant,
): Promise<Seat[]> {
  const rows = await sql<Row<Seat>[]>`
    select ${selection(sql, now)} from ticket_seats s
    where s.merchant_id = ${merchantId} ${matches(sql, place, filter)}
    order by s.id limit ${limit} offset ${offset}`
  return rows.map((row) => fromRow<Seat>(row))
}

/** Blocks a seat or lets it go; whoever is about to take it waits, or made us wait. */
export async function setSeatBlocked(
  tx: Tx,
  merchantId: bigint,
  place: SeatPlace,
  id: bigint,
  blocked: boolean,
): Promise<void> {
  await tx`
    update ticket_seats s set blocked = ${blocked}
    where s.merchant_id = ${merchantId} and s.id = ${id} ${matches(tx, place, {})}`
}
