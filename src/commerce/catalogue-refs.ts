import type { Queryable, Tx } from '../db/database.ts'

/** What a world file calls its things: `ref`s, unique within an event (contract.md section 3). */

/** Ids by ref. */
export type Refs = {
  readonly items: ReadonlyMap<string, bigint>
  readonly variations: ReadonlyMap<string, { readonly id: bigint; readonly itemId: bigint }>
  readonly subevents: ReadonlyMap<string, bigint>
  readonly quotas: ReadonlyMap<string, bigint>
}

/** Everything of an event that has a ref. */
export async function readRefs(sql: Queryable, merchantId: bigint, eventId: bigint): Promise<Refs> {
  const byRef = (rows: readonly { ref: string; id: bigint }[]) =>
    new Map(rows.map(({ ref, id }) => [ref, id]))
  const variations = await sql<{ ref: string; id: bigint; itemId: bigint }[]>`
    select ref, id, item_id as "itemId" from ticket_variations
    where merchant_id = ${merchantId} and event_id = ${eventId} and ref is not null`
  return {
    variations: new Map(variations.map(({ ref, ...variation }) => [ref, variation])),
    items: byRef(
      await sql`
      select ref, id from ticket_items
      where merchant_id = ${merchantId} and event_id = ${eventId} and ref is not null`,
    ),
    subevents: byRef(
      await sql`
      select ref, id from ticket_subevents
      where merchant_id = ${merchantId} and event_id = ${eventId} and ref is not null`,
    ),
    quotas: byRef(
      await sql`
      select ref, id from ticket_quotas
      where merchant_id = ${merchantId} and event_id = ${eventId} and ref is not null`,
    ),
  }
}

/** A seat of a world file, its product and date known. */
export type SeatRow = {
  readonly subeventId: bigint | undefined
  readonly guid: string
  readonly zoneName: string
  readonly rowName: string
  readonly rowLabel: string | undefined
  readonly seatNumber: string
  readonly seatLabel: string | undefined
  readonly itemId: bigint | undefined
  readonly blocked: boolean
}

/** Adds seats of an event in one statement. */
export async function insertSeats(
  tx: Tx,
  merchantId: bigint,
  eventId: bigint,
  seats: readonly SeatRow[],
): Promise<void> {
  await tx`
    insert into ticket_seats (merchant_id, event_id, subevent_id, seat_guid, zone_name, row_name,
      row_label, seat_number, seat_label, item_id, blocked)
    select ${merchantId}, ${eventId}, s.* from unnest(
      ${seats.map((seat) => seat.subeventId ?? null)}::int8[], ${seats.map((seat) => seat.guid)}::text[],
      ${seats.map((seat) => seat.zoneName)}::text[], ${seats.map((seat) => seat.rowName)}::text[],
      ${seats.map((seat) => seat.rowLabel ?? null)}::text[], ${seats.map((seat) => seat.seatNumber)}::text[],
      ${seats.map((seat) => seat.seatLabel ?? null)}::text[], ${seats.map((seat) => seat.itemId ?? null)}::int8[],
      ${seats.map((seat) => seat.blocked)}::bool[]) as s`
}

/** Changes seats of an event in one statement; none is added. */
export async function updateSeats(
  tx: Tx,
  merchantId: bigint,
  seats: readonly (SeatRow & { readonly id: bigint })[],
): Promise<void> {
  await tx`
    update ticket_seats s set zone_name = n.zone_name, row_name = n.row_name, row_label = n.row_label,
      seat_number = n.seat_number, seat_label = n.seat_label, item_id = n.item_id, blocked = n.blocked
    from unnest(
      ${seats.map((seat) => seat.id)}::int8[], ${seats.map((seat) => seat.zoneName)}::text[],
      ${seats.map((seat) => seat.rowName)}::text[], ${seats.map((seat) => seat.rowLabel ?? null)}::text[],
      ${seats.map((seat) => seat.seatNumber)}::text[], ${seats.map((seat) => seat.seatLabel ?? null)}::text[],
      ${seats.map((seat) => seat.itemId ?? null)}::int8[], ${seats.map((seat) => seat.blocked)}::bool[]
    ) as n (id, zone_name, row_name, row_label, seat_number, seat_label, item_id, blocked)
    where s.merchant_id = ${merchantId} and s.id = n.id`
}
