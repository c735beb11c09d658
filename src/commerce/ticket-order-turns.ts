import type { Tx } from '../db/database.ts'
import type { Instant } from '../money/instant.ts'
import type { Holding, OrderFee, OrderStatus, TicketOrder } from './ticket-orders.ts'
import { countSales } from './ticket-sales.ts'

/** Orders that become paid, canceled or expired, and what their positions hold from then on. */

/** What becomes of an order as a whole. */
export type OrderTurn = {
  readonly status: OrderStatus
  /** What its positions hold from now on. */
  readonly holds: Holding | undefined
  readonly total?: bigint
  readonly canceledAt?: Instant
  /** Instead of the fees that it has. */
  readonly fee?: Omit<OrderFee, 'id'>
}

/** Turns a locked order; a position that holds nothing any more never holds anything again. */
export async function turnOrder(
  tx: Tx,
  merchantId: bigint,
  { id: orderId, positions }: Pick<TicketOrder, 'id' | 'positions'>,
  { status, holds, total, canceledAt, fee }: OrderTurn,
  now: Instant,
): Promise<void> {
  await Promise.all([
    tx`
      update ticket_orders set status = ${status}, last_modified = ${now}::timestamptz
        ${total === undefined ? tx`` : tx`, total = ${total}::int8`}
        ${canceledAt === undefined ? tx`` : tx`, cancellation_date = ${canceledAt}::timestamptz`}
      where merchant_id = ${merchantId} and id = ${orderId}`,
    tx`
      update ticket_positions set holds = ${holds ?? null}::text
      where merchant_id = ${merchantId} and order_id = ${orderId}
        and holds is not null and holds is distinct from ${holds ?? null}::text`,
    countSales(
      tx,
      merchantId,
      positions.flatMap((position) =>
        position.holds === undefined ? [] : [{ ...position, from: position.holds, to: holds }],
      ),
    ),
    fee &&
      tx`
      update ticket_fees set canceled = true where merchant_id = ${merchantId} and order_id = ${orderId}`,
    fee === undefined
      ? undefined
      : tx`
          insert into ticket_fees (merchant_id, order_id, fee_type, value, description, internal_type)
          values (${merchantId}, ${orderId}, ${fee.feeType}, ${fee.value}, ${fee.description}, ${fee.internalType})`,
  ])
}

/** Marks an order as changed. */
export async function touchOrder(
  tx: Tx,
  merchantId: bigint,
  orderId: bigint,
  now: Instant,
): Promise<void> {
  await tx`
    update ticket_orders set last_modified = ${now}::timestamptz
    where merchant_id = ${merchantId} and id = ${orderId}`
}

/** Orders that one run of the worker expires at most, for each merchant. */
const EXPIRED_MAX = 500

/** Moves pending orders of one merchant that are past their time to `e`; those being worked on wait. */
export async function expireOrders(tx: Tx, merchantId: bigint, now: Instant): Promise<number> {
  const due = await tx<{ id: bigint }[]>`
    update ticket_orders set status = 'e', last_modified = ${now}::timestamptz
    where merchant_id = ${merchantId} and id in (
      select id from ticket_orders
      where merchant_id = ${merchantId} and status = 'n' and expires < ${now}::timestamptz
      order by id limit ${EXPIRED_MAX} for no key update skip locked)
    returning id`
  if (due.length === 0) return 0
  const given = await tx<
    { item_id: bigint; variation_id: bigint | null; subevent_id: bigint | null }[]
  >`
    update ticket_positions set holds = 'e'
    where merchant_id = ${merchantId} and order_id = any(${due.map(({ id }) => id)}::int8[]) and holds = 'n'
    returning item_id, variation_id, subevent_id`
  const changes = given.map(({ item_id, variation_id, subevent_id }) => ({
    itemId: item_id,
    variationId: variation_id ?? undefined,
    subeventId: subevent_id ?? undefined,
    from: 'n' as const,
    to: 'e' as const,
  }))
  await countSales(tx, merchantId, changes)
  return due.length
}
