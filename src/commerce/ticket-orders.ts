import type { Queryable } from '../db/database.ts'
import type { Instant } from '../money/instant.ts'
import type { OpaqueJson } from './catalogue.ts'
import { fromRow, type Page, type Row } from './catalogue-rows.ts'
import { type PartOf, type PositionRow, positionColumns, toPosition } from './ticket-positions.ts'
import type { TicketSeat } from './tickets.ts'

/** Ticket orders as they are read; who writes them is in ticket-order-writes.ts. */

/** Pending, paid, expired, canceled. */
export type OrderStatus = 'n' | 'p' | 'e' | 'c'

/** A position takes its places while its order is pending or paid; an expired one its voucher's use. */
export type Holding = 'n' | 'p' | 'e'

export type OrderPosition = {
  readonly id: bigint
  /** From 1 in its order. */
  readonly positionid: number
  readonly itemId: bigint
  readonly variationId: bigint | undefined
  readonly subeventId: bigint | undefined
  readonly price: bigint
  readonly voucherId: bigint | undefined
  readonly voucherBudgetUse: bigint | undefined
  readonly canceled: boolean
  readonly holds: Holding | undefined
  readonly attendeeNameParts: OpaqueJson
  readonly attendeeEmail: string | undefined
  /** The id of the position it was added to. */
  readonly addonTo: bigint | undefined
  readonly secret: string
  readonly pseudonymizationId: string
  readonly seat: TicketSeat | undefined
}

export type OrderFee = {
  readonly id: bigint
  readonly feeType: string
  readonly value: bigint
  readonly description: string
  readonly internalType: string
}

export type PaymentState = 'created' | 'pending' | 'confirmed' | 'canceled' | 'failed' | 'refunded'

export type OrderPayment = {
  /** From 1 in its order. */
  readonly localId: number
  readonly state: PaymentState
  readonly amount: bigint
  readonly createdAt: Instant
  readonly paymentDate: Instant | undefined
  readonly provider: string | undefined
  readonly info: OpaqueJson
  /** The gift card it debits, whose it is, and the entry that did. */
  readonly cardMerchantId: bigint | undefined
  readonly cardId: bigint | undefined
  readonly entryId: bigint | undefined
  /** What the card is called, once that was looked up. */
  readonly card?: { readonly code: string | undefined; readonly issuer: string }
}

export type OrderRefund = {
  readonly localId: number
  readonly paymentId: number
  readonly state: 'created' | 'done'
  readonly amount: bigint
  readonly createdAt: Instant
  readonly executionDate: Instant | undefined
  readonly provider: string | undefined
  readonly comment: string | undefined
  readonly entryId: bigint | undefined
}

/** What an order says of itself. */
export type OrderHead = {
  readonly id: bigint
  readonly eventId: bigint
  readonly code: string
  readonly status: OrderStatus
  readonly testmode: boolean
  readonly secret: string
  readonly email: string | undefined
  readonly locale: string
  readonly salesChannel: string
  readonly datetime: Instant
  readonly expires: Instant
  readonly total: bigint
  readonly comment: string
  readonly lastModified: Instant
  readonly cancellationDate: Instant | undefined
}

export type TicketOrder = OrderHead & {
  readonly positions: readonly OrderPosition[]
  readonly fees: readonly OrderFee[]
  readonly payments: readonly OrderPayment[]
  readonly refunds: readonly OrderRefund[]
}

export type OrderFilter = {
  /** Compared without case, as is `email`. */
  readonly code?: string
  readonly status?: OrderStatus
  readonly email?: string
  readonly itemId?: bigint
}

const headColumns = (sql: Queryable) => sql`
  o.id, o.event_id as "eventId", o.code, o.status, o.testmode, o.secret, o.email, o.locale,
  o.sales_channel as "salesChannel", o.datetime, o.expires, o.total, o.comment,
  o.last_modified as "lastModified", o.cancellation_date as "cancellationDate"`

const matches = (sql: Queryable, { code, status, email, itemId }: OrderFilter) => sql`
  ${code === undefined ? sql`` : sql`and o.code = upper(${code}::text)`}
  ${status === undefined ? sql`` : sql`and o.status = ${status}::text`}
  ${email === undefined ? sql`` : sql`and lower(o.email collate "C") = lower(${email}::text collate "C")`}
  ${
    itemId === undefined
      ? sql``
      : sql`and exists (select 1 from ticket_positions p
          where p.merchant_id = o.merchant_id and p.order_id = o.id and p.item_id = ${itemId}::int8)`
  }`

/** An order of one event by its exact code, if it passes the filter. */
export async function findOrder(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  code: string,
  filter: OrderFilter = {},
): Promise<TicketOrder | undefined> {
  const rows = await sql<Row<OrderHead>[]>`
    select ${headColumns(sql)} from ticket_orders o
    where o.merchant_id = ${merchantId} and o.code = ${code} and o.event_id = ${eventId} ${matches(sql, filter)}`
  const [order] = await withParts(sql, merchantId, rows)
  return order
}

export async function countOrders(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  filter: OrderFilter,
): Promise<number> {
  const [row] = await sql<{ count: bigint }[]>`
    select count(*) from ticket_orders o
    where o.merchant_id = ${merchantId} and o.event_id = ${eventId} ${matches(sql, filter)}`
  return Number(row?.count ?? 0n)
}

/** By time of order. */
export async function listOrders(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  filter: OrderFilter,
  descending: boolean,
  { limit, offset }: Page,
): Promise<TicketOrder[]> {
  const direction = descending ? sql`desc` : sql`asc`
  const rows = await sql<Row<OrderHead>[]>`
    select ${headColumns(sql)} from ticket_orders o
    where o.merchant_id = ${merchantId} and o.event_id = ${eventId} ${matches(sql, filter)}
    order by o.datetime ${direction}, o.id ${direction} limit ${limit} offset ${offset}`
  return withParts(sql, merchantId, rows)
}

async function withParts(
  sql: Queryable,
  merchantId: bigint,
  rows: readonly Row<OrderHead>[],
): Promise<TicketOrder[]> {
  if (rows.length === 0) return []
  const ids = rows.map(({ id }) => id)
  const [positions, fees, payments, refunds] = await Promise.all([
    sql<PartOf<PositionRow>[]>`
      select ${positionColumns(sql)} from ticket_positions p
      left join ticket_seats s on s.merchant_id = p.merchant_id and s.id = p.seat_id
      where p.merchant_id = ${merchantId} and p.order_id = any(${ids}::int8[]) order by p.order_id, p.positionid`,
    sql<PartOf<OrderFee>[]>`
      select order_id as "orderId", id, fee_type as "feeType", value, description,
        internal_type as "internalType"
      from ticket_fees
      where merchant_id = ${merchantId} and order_id = any(${ids}::int8[]) and not canceled order by id`,
    sql<PartOf<OrderPayment>[]>`
      select order_id as "orderId", local_id as "localId", state, amount, created_at as "createdAt",
        payment_date as "paymentDate", provider, info, card_merchant_id as "cardMerchantId",
        card_id as "cardId", entry_id as "entryId"
      from ticket_payments
      where merchant_id = ${merchantId} and order_id = any(${ids}::int8[]) order by order_id, local_id`,
    sql<PartOf<OrderRefund>[]>`
      select order_id as "orderId", local_id as "localId", payment_id as "paymentId", state, amount,
        created_at as "createdAt", execution_date as "executionDate", provider, comment,
        entry_id as "entryId"
      from ticket_refunds
      where merchant_id = ${merchantId} and order_id = any(${ids}::int8[]) order by order_id, local_id`,
  ])
  const positionsOf = partsOf(positions.map((row) => toPosition(fromRow<PositionRow>(row), row)))
  const feesOf = partsOf(fees.map((row) => ({ ...fromRow<OrderFee>(row), orderId: row.orderId })))
  const paymentsOf = partsOf(
    payments.map((row) => ({ ...fromRow<OrderPayment>(row), orderId: row.orderId })),
  )
  const refundsOf = partsOf(
    refunds.map((row) => ({ ...fromRow<OrderRefund>(row), orderId: row.orderId })),
  )
  return rows.map((row) => ({
    ...fromRow<OrderHead>(row),
    positions: positionsOf(row.id),
    fees: feesOf(row.id),
    payments: paymentsOf(row.id),
    refunds: refundsOf(row.id),
  }))
}

function partsOf<T extends { readonly orderId: bigint }>(parts: readonly T[]) {
  const byOrder = Map.groupBy(parts, ({ orderId }) => orderId)
  return (id: bigint): readonly T[] => byOrder.get(id) ?? []
}

/** Locks an order of one event by its code; a second reader of the same order waits. */
export async function lockOrder(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  code: string,
): Promise<TicketOrder | undefined> {
  await sql`
    select 1 from ticket_orders
    where merchant_id = ${merchantId} and code = ${code} and event_id = ${eventId} for no key update`
  return findOrder(sql, merchantId, eventId, code)
}
