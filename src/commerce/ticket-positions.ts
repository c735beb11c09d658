import type { Queryable } from '../db/database.ts'
import { fromRow, type Page, type Row } from './catalogue-rows.ts'
import { seatName } from './ticket-order-rules.ts'
import type { OrderPosition } from './ticket-orders.ts'

/** Rows of positions, in their orders and by themselves. */

/** A row that belongs to an order. */
export type PartOf<T> = Row<T> & { readonly orderId: bigint }
/** A position as `positionColumns` select it. */
export type PositionRow = Omit<OrderPosition, 'seat'> & {
  readonly seatId: bigint | undefined
  readonly guid: string | undefined
  readonly zoneName: string | undefined
  readonly rowName: string | undefined
  readonly rowLabel: string | undefined
  readonly seatNumber: string | undefined
  readonly seatLabel: string | undefined
}

/** The columns that `toPosition` reads, from `ticket_positions p` and `ticket_seats s`. */
export const positionColumns = (sql: Queryable) => sql`
  p.order_id as "orderId", p.id, p.positionid, p.item_id as "itemId", p.variation_id as "variationId",
  p.subevent_id as "subeventId", p.price, p.voucher_id as "voucherId",
  p.voucher_budget_use as "voucherBudgetUse", p.canceled, p.holds,
  p.attendee_name_parts as "attendeeNameParts", p.attendee_email as "attendeeEmail",
  p.addon_to as "addonTo", p.secret, p.pseudonymization_id as "pseudonymizationId",
  p.seat_id as "seatId", s.seat_guid as guid, s.zone_name as "zoneName", s.row_name as "rowName",
  s.row_label as "rowLabel", s.seat_number as "seatNumber", s.seat_label as "seatLabel"`

/** A selected row as a position. */
export function toPosition(
  {
    seatId,
    guid = '',
    zoneName = '',
    rowName = '',
    rowLabel,
    seatNumber = '',
    seatLabel,
    ...position
  }: PositionRow,
  { orderId }: { readonly orderId: bigint },
): OrderPosition & { readonly orderId: bigint } {
  const names = { zoneName, rowName, rowLabel, seatNumber, seatLabel }
  const seat =
    seatId === undefined ? undefined : { id: seatId, name: seatName(names), guid, ...names }
  return { ...position, orderId, seat }
}

/** A position with the code of its order. */
export type CodedPosition = OrderPosition & { readonly orderCode: string }

export type PositionFilter = {
  readonly id?: bigint
  readonly orderCode?: string
  readonly itemId?: bigint
  /** Canceled ones too. */
  readonly canceledToo: boolean
}

const positionMatches = (
  sql: Queryable,
  { id, orderCode, itemId, canceledToo }: PositionFilter,
) => sql`
  ${id === undefined ? sql`` : sql`and p.id = ${id}`}
  ${orderCode === undefined ? sql`` : sql`and o.code = upper(${orderCode}::text)`}
  ${itemId === undefined ? sql`` : sql`and p.item_id = ${itemId}::int8`}
  ${canceledToo ? sql`` : sql`and not p.canceled`}`

const positionsOfEvent = (sql: Queryable, merchantId: bigint, eventId: bigint) => sql`
  from ticket_orders o
  join ticket_positions p on p.merchant_id = o.merchant_id and p.order_id = o.id
  left join ticket_seats s on s.merchant_id = p.merchant_id and s.id = p.seat_id
  where o.merchant_id = ${merchantId} and o.event_id = ${eventId}`

export async function countPositions(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  filter: PositionFilter,
): Promise<number> {
  const [row] = await sql<{ count: bigint }[]>`
    select count(*) ${positionsOfEvent(sql, merchantId, eventId)} ${positionMatches(sql, filter)}`
  return Number(row?.count ?? 0n)
}

/** Positions of all orders of an event, by time of order. */
export async function listPositions(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  filter: PositionFilter,
  { limit, offset }: Page,
): Promise<CodedPosition[]> {
  const rows = await sql<(PartOf<PositionRow> & { readonly orderCode: string })[]>`
    select o.code as "orderCode", ${positionColumns(sql)} ${positionsOfEvent(sql, merchantId, eventId)}
      ${positionMatches(sql, filter)}
    order by o.datetime, o.id, p.positionid limit ${limit} offset ${offset}`
  return rows.map((row) => ({
    ...toPosition(fromRow<PositionRow>(row), row),
    orderCode: row.orderCode,
  }))
}
