import type { Queryable } from '../db/database.ts'
import { fromRow, type Row } from './catalogue-rows.ts'
import { seatName } from './ticket-order-rules.ts'

/** Single tickets, for the owner of a gift card (specs/pretix-giftcards.md 5.8 and 6.4). */

/** How a ticket is named: by its id, or by a text that is its secret or its pseudonymization id. */
export type TicketReference = { readonly id: bigint } | { readonly secret: string }

/**
 * The ticket of any event of one merchant; undefined if it is unknown, canceled itself (its order does
 * not matter), or if a text fits several.
 */
export async function findOwnerTicket(
  sql: Queryable,
  merchantId: bigint,
  reference: TicketReference,
): Promise<{ id: bigint } | undefined> {
  const named =
    'id' in reference
      ? sql`id = ${reference.id}`
      : sql`(secret = ${reference.secret} or pseudonymization_id = ${reference.secret})`
  const rows = await sql<{ id: bigint }[]>`
    select id from ticket_positions
    where merchant_id = ${merchantId} and ${named} and not canceled limit 2`
  return rows.length === 1 ? rows[0] : undefined
}

/** Where the holder of a ticket sits. */
export type TicketSeat = {
  readonly id: bigint
  readonly name: string
  readonly guid: string
  readonly zoneName: string
  readonly rowName: string
  readonly rowLabel: string | undefined
  readonly seatNumber: string
  readonly seatLabel: string | undefined
}

/** One order position, with the names of the order and the event it belongs to. */
export type Ticket = {
  readonly id: bigint
  readonly eventSlug: string
  readonly orderCode: string
  /** From 1 in its order. */
  readonly positionid: number
  readonly itemId: bigint
  readonly variationId: bigint | undefined
  readonly subeventId: bigint | undefined
  readonly price: bigint
  /** `full_name`, or the parts that the shop asked for. */
  readonly attendeeNameParts: Readonly<Record<string, unknown>>
  readonly attendeeEmail: string | undefined
  readonly voucherId: bigint | undefined
  readonly voucherBudgetUse: bigint | undefined
  /** The id of the position it was added to. */
  readonly addonTo: bigint | undefined
  readonly secret: string
  readonly pseudonymizationId: string
  readonly canceled: boolean
  readonly seat: TicketSeat | undefined
}

type TicketRow = Omit<Ticket, 'seat' | 'attendeeNameParts'> & {
  readonly attendeeNameParts: string
  readonly seatId: bigint | undefined
  readonly guid: string | undefined
  readonly zoneName: string | undefined
  readonly rowName: string | undefined
  readonly rowLabel: string | undefined
  readonly seatNumber: string | undefined
  readonly seatLabel: string | undefined
}

/** The tickets with these ids, canceled ones too, in id order; an id that is unknown is left out. */
export async function listTickets(
  sql: Queryable,
  merchantId: bigint,
  ids: readonly bigint[],
): Promise<readonly Ticket[]> {
  if (ids.length === 0) return []
  const rows = await sql<Row<TicketRow>[]>`
    select p.id, e.slug as "eventSlug", o.code as "orderCode", p.positionid, p.item_id as "itemId",
      p.variation_id as "variationId", p.subevent_id as "subeventId", p.price,
      p.attendee_name_parts as "attendeeNameParts", p.attendee_email as "attendeeEmail",
      p.voucher_id as "voucherId", p.voucher_budget_use as "voucherBudgetUse", p.addon_to as "addonTo",
      p.secret, p.pseudonymization_id as "pseudonymizationId", p.canceled, s.id as "seatId",
      s.seat_guid as guid, s.zone_name as "zoneName", s.row_name as "rowName", s.row_label as "rowLabel",
      s.seat_number as "seatNumber", s.seat_label as "seatLabel"
    from ticket_positions p
    join ticket_orders o on o.merchant_id = p.merchant_id and o.id = p.order_id
    join ticket_events e on e.merchant_id = p.merchant_id and e.id = p.event_id
    left join ticket_seats s on s.merchant_id = p.merchant_id and s.id = p.seat_id
    where p.merchant_id = ${merchantId} and p.id = any(${[...ids]}::int8[])
    order by p.id`
  return rows.map((row) => toTicket(fromRow<TicketRow>(row)))
}

function toTicket({
  seatId,
  guid = '',
  zoneName = '',
  rowName = '',
  rowLabel,
  seatNumber = '',
  seatLabel,
  attendeeNameParts,
  ...rest
}: TicketRow): Ticket {
  const seat = { guid, zoneName, rowName, rowLabel, seatNumber, seatLabel }
  return {
    ...rest,
    attendeeNameParts: JSON.parse(attendeeNameParts) as Ticket['attendeeNameParts'], // Always an object.
    seat: seatId === undefined ? undefined : { id: seatId, name: seatName(seat), ...seat },
  }
}
