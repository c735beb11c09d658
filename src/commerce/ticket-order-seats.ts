import type { Queryable, Tx } from '../db/database.ts'
import type { Instant } from '../money/instant.ts'
import { nameOf } from './ticket-order-facts.ts'
import { type OrderSeat, seatKey } from './ticket-order-rules.ts'

/** Seats as orders and vouchers see them: who has each of them now. */

/** A seat of an event, with the product it belongs to. */
export type SeatState = OrderSeat & {
  readonly guid: string
  readonly subeventId: bigint | undefined
  readonly itemId: bigint | undefined
  readonly itemName: string | undefined
}

/** Locks seats of an event by guid, in id order, on whatever date they are. */
export async function lockSeats(
  tx: Tx,
  merchantId: bigint,
  eventId: bigint,
  guids: readonly string[],
): Promise<void> {
  if (guids.length === 0) return
  await tx`
    select 1 from ticket_seats
    where merchant_id = ${merchantId} and event_id = ${eventId} and seat_guid = any(${[...guids]}::text[])
    order by id for no key update`
}

type SeatRow = {
  readonly id: bigint
  readonly guid: string
  readonly subevent_id: bigint | null
  readonly zone_name: string
  readonly row_name: string
  readonly row_label: string | null
  readonly seat_number: string
  readonly seat_label: string | null
  readonly item_id: bigint | null
  readonly item_name: Readonly<Record<string, string>> | null
  readonly blocked: boolean
  readonly sold: boolean
  readonly voucher_id: bigint | null
}

/** Seats by `seatKey`; `exceptVoucherId` is not counted among those that keep a seat. */
export async function loadSeats(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  guids: readonly string[],
  now: Instant,
  exceptVoucherId?: bigint,
): Promise<Map<string, SeatState>> {
  if (guids.length === 0) return new Map()
  const rows = await sql<SeatRow[]>`
    select s.id, s.seat_guid as guid, s.subevent_id, s.zone_name, s.row_name, s.row_label, s.seat_number,
      s.seat_label, s.item_id, i.name as item_name, s.blocked,
      exists (select 1 from ticket_positions p
        where p.merchant_id = s.merchant_id and p.seat_id = s.id and p.holds in ('n', 'p')) as sold,
      (select v.id from vouchers v
        where v.merchant_id = s.merchant_id and v.seat_id = s.id and v.redeemed < v.max_usages
          and (v.valid_until is null or v.valid_until >= ${now}::timestamptz)
          ${exceptVoucherId === undefined ? sql`` : sql`and v.id <> ${exceptVoucherId}`}
        order by v.id limit 1) as voucher_id
    from ticket_seats s
    left join ticket_items i on i.merchant_id = s.merchant_id and i.id = s.item_id
    where s.merchant_id = ${merchantId} and s.event_id = ${eventId} and s.seat_guid = any(${[...guids]}::text[])`
  return new Map(
    rows.map((row): [string, SeatState] => [
      seatKey(row.subevent_id ?? undefined, row.guid),
      {
        id: row.id,
        guid: row.guid,
        subeventId: row.subevent_id ?? undefined,
        zoneName: row.zone_name,
        rowName: row.row_name,
        rowLabel: row.row_label ?? undefined,
        seatNumber: row.seat_number,
        seatLabel: row.seat_label ?? undefined,
        itemId: row.item_id ?? undefined,
        itemName: row.item_name === null ? undefined : nameOf(row.item_name),
        blocked: row.blocked,
        sold: row.sold,
        voucherId: row.voucher_id ?? undefined,
      },
    ]),
  )
}
