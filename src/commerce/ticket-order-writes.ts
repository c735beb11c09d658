import type { Queryable, Tx } from '../db/database.ts'
import { formatInstant } from '../money/instant.ts'
import type { OrderFee, OrderPayment, OrderRefund, TicketOrder } from './ticket-orders.ts'
import { countSales } from './ticket-sales.ts'

/** Writes of ticket orders; whoever decided on them holds the locks. */

/** Ids for new orders and what belongs to them, each in a sequence of its own. */
export async function drawOrderIds(
  tx: Tx,
  counts: { readonly orders: number; readonly positions: number; readonly fees: number },
): Promise<{ orders: bigint[]; positions: bigint[]; fees: bigint[] }> {
  const rows = await tx<{ kind: 'orders' | 'positions' | 'fees'; id: bigint }[]>`
    select 'orders' as kind, nextval('ticket_order_ids') as id from generate_series(1, ${counts.orders}::int4)
    union all select 'positions', nextval('ticket_position_ids') from generate_series(1, ${counts.positions}::int4)
    union all select 'fees', nextval('ticket_fee_ids') from generate_series(1, ${counts.fees}::int4)`
  const of = (kind: string) => rows.filter((row) => row.kind === kind).map(({ id }) => id)
  return { orders: of('orders'), positions: of('positions'), fees: of('fees') }
}

/** Which of these order codes the merchant has used. */
export async function takenOrderCodes(
  sql: Queryable,
  merchantId: bigint,
  codes: readonly string[],
): Promise<Set<string>> {
  // The first code from each on: only the index of codes has them in order, so that PostgreSQL takes it
  // even while the table has no statistics and every other index looks as good.
  const rows = await sql<{ code: string }[]>`
    select w.code from unnest(${[...codes]}::text[]) as w (code)
    cross join lateral (
      select code from ticket_orders
      where merchant_id = ${merchantId} and code >= w.code order by code limit 1) as o
    where o.code = w.code`
  return new Set(rows.map(({ code }) => code))
}

/** Somebody else took an order code since it was looked up. */
export class OrderCodeRace extends Error {
  override readonly name = 'OrderCodeRace'
}

/**
 * Writes whole orders of one event and counts what they hold. Throws OrderCodeRace if a code is taken:
 * the unit of work must end.
 */
export async function insertOrders(
  tx: Tx,
  merchantId: bigint,
  orders: readonly TicketOrder[],
): Promise<void> {
  if (orders.length === 0) return
  const positions = orders.flatMap((order) => order.positions)
  const partsOf = <T>(parts: (order: TicketOrder) => readonly T[]) =>
    orders.flatMap((order) => parts(order).map((part) => ({ ...part, orderId: order.id })))
  // All are sent at once; the first is what tells a race for a code from anything else.
  const [heads, ...rest] = await Promise.allSettled([
    insertHeads(tx, merchantId, orders),
    insertPositions(tx, merchantId, orders),
    insertFees(
      tx,
      merchantId,
      partsOf(({ fees }) => fees),
    ),
    insertPayments(
      tx,
      merchantId,
      partsOf(({ payments }) => payments),
    ),
    countSales(
      tx,
      merchantId,
      positions.map(({ holds, ...position }) => ({ ...position, from: undefined, to: holds })),
    ),
  ])
  if (heads.status === 'rejected') throw heads.reason
  if (heads.value < orders.length) throw new OrderCodeRace()
  for (const result of rest) if (result.status === 'rejected') throw result.reason
}

async function insertHeads(
  tx: Tx,
  merchantId: bigint,
  orders: readonly TicketOrder[],
): Promise<number> {
  // Rows travel as one text, which costs the driver less than an array for each column.
  const rows = orders.map((order) => ({
    id: order.id.toString(),
    event_id: order.eventId.toString(),
    code: order.code,
    status: order.status,
    testmode: order.testmode,
    secret: order.secret,
    email: order.email,
    locale: order.locale,
    sales_channel: order.salesChannel,
    datetime: formatInstant(order.datetime),
    expires: formatInstant(order.expires),
    total: order.total.toString(),
    comment: order.comment,
    cancellation_date: order.cancellationDate && formatInstant(order.cancellationDate),
  }))
  const inserted = await tx`
    insert into ticket_orders (merchant_id, id, event_id, code, status, testmode, secret, email, locale,
      sales_channel, datetime, expires, total, comment, cancellation_date, last_modified)
    select ${merchantId}, o.*, o.datetime from json_to_recordset(${JSON.stringify(rows)}::text::json) as o (
      id int8, event_id int8, code text, status text, testmode boolean, secret text, email text, locale text,
      sales_channel text, datetime timestamptz, expires timestamptz, total int8, comment text,
      cancellation_date timestamptz)
    on conflict (merchant_id, code) do nothing`
  return inserted.count
}

async function insertPositions(
  tx: Tx,
  merchantId: bigint,
  orders: readonly TicketOrder[],
): Promise<void> {
  const rows = orders.flatMap(({ id, eventId, positions }) =>
    positions.map((position) => ({
      id: position.id.toString(),
      event_id: eventId.toString(),
      order_id: id.toString(),
      positionid: position.positionid,
      item_id: position.itemId.toString(),
      variation_id: position.variationId?.toString(),
      subevent_id: position.subeventId?.toString(),
      seat_id: position.seat?.id.toString(),
      price: position.price.toString(),
      voucher_id: position.voucherId?.toString(),
      voucher_budget_use: position.voucherBudgetUse?.toString(),
      canceled: position.canceled,
      holds: position.holds,
      attendee_name_parts: position.attendeeNameParts,
      attendee_email: position.attendeeEmail,
      addon_to: position.addonTo?.toString(),
      secret: position.secret,
      pseudonymization_id: position.pseudonymizationId,
    })),
  )
  if (rows.length === 0) return
  await tx`
    insert into ticket_positions (merchant_id, id, event_id, order_id, positionid, item_id, variation_id,
      subevent_id, seat_id, price, voucher_id, voucher_budget_use, canceled, holds, attendee_name_parts,
      attendee_email, addon_to, secret, pseudonymization_id)
    select ${merchantId}, p.* from json_to_recordset(${JSON.stringify(rows)}::text::json) as p (
      id int8, event_id int8, order_id int8, positionid int4, item_id int8, variation_id int8,
      subevent_id int8, seat_id int8, price int8, voucher_id int8, voucher_budget_use int8,
      canceled boolean, holds text, attendee_name_parts text, attendee_email text, addon_to int8,
      secret text, pseudonymization_id text)`
}

async function insertFees(
  tx: Tx,
  merchantId: bigint,
  rows: readonly (OrderFee & { readonly orderId: bigint })[],
): Promise<void> {
  if (rows.length === 0) return
  await tx`
    insert into ticket_fees (merchant_id, id, order_id, fee_type, value, description, internal_type)
    select ${merchantId}, f.* from unnest(
      ${rows.map(({ id }) => id)}::int8[], ${rows.map(({ orderId }) => orderId)}::int8[],
      ${rows.map(({ feeType }) => feeType)}::text[], ${rows.map(({ value }) => value)}::int8[],
      ${rows.map(({ description }) => description)}::text[], ${rows.map(({ internalType }) => internalType)}::text[]
    ) as f`
}

/** Records payments; the caller numbers them within their order. */
export async function insertPayments(
  tx: Tx,
  merchantId: bigint,
  rows: readonly (OrderPayment & { readonly orderId: bigint })[],
): Promise<void> {
  if (rows.length === 0) return
  await tx`
    insert into ticket_payments (merchant_id, order_id, local_id, state, amount, created_at, payment_date,
      provider, info, card_merchant_id, card_id, entry_id)
    select ${merchantId}, p.* from unnest(
      ${rows.map(({ orderId }) => orderId)}::int8[], ${rows.map(({ localId }) => localId)}::int4[],
      ${rows.map(({ state }) => state)}::text[], ${rows.map(({ amount }) => amount)}::int8[],
      ${rows.map(({ createdAt }) => createdAt)}::timestamptz[], ${rows.map(({ paymentDate }) => paymentDate ?? null)}::timestamptz[],
      ${rows.map(({ provider }) => provider ?? null)}::text[], ${rows.map(({ info }) => info)}::text[],
      ${rows.map(({ cardMerchantId }) => cardMerchantId ?? null)}::int8[], ${rows.map(({ cardId }) => cardId ?? null)}::int8[],
      ${rows.map(({ entryId }) => entryId ?? null)}::int8[]
    ) as p`
}

/** Writes what became of a payment of a locked order. */
export async function updatePayment(
  tx: Tx,
  merchantId: bigint,
  orderId: bigint,
  payment: OrderPayment,
): Promise<void> {
  await tx`
    update ticket_payments set state = ${payment.state}, payment_date = ${payment.paymentDate ?? null}::timestamptz,
      card_merchant_id = ${payment.cardMerchantId ?? null}::int8, card_id = ${payment.cardId ?? null}::int8,
      entry_id = ${payment.entryId ?? null}::int8
    where merchant_id = ${merchantId} and order_id = ${orderId} and local_id = ${payment.localId}`
}

export async function insertRefund(
  tx: Tx,
  merchantId: bigint,
  orderId: bigint,
  refund: OrderRefund,
): Promise<void> {
  await tx`
    insert into ticket_refunds (merchant_id, order_id, local_id, payment_id, state, amount, created_at,
      execution_date, provider, comment, entry_id)
    values (${merchantId}, ${orderId}, ${refund.localId}, ${refund.paymentId}, ${refund.state}, ${refund.amount},
      ${refund.createdAt}::timestamptz, ${refund.executionDate ?? null}::timestamptz, ${refund.provider ?? null},
      ${refund.comment ?? null}, ${refund.entryId ?? null}::int8)`
}
